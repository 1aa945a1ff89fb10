"""Which neurons share a core: growth, improvement by cuts and moves, wishes about cores, and older programs."""
