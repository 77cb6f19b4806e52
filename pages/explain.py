"""Explain: a question, an analysis or notes become a short narrated film."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.explain.film import linked_film, made_films
from workbench.ui.explain.form import film_form
from workbench.ui.jobs.running import running_line

st.title("Explain", anchor=False)

with shown_errors():
    if not linked_film():
        running_line()
    film_form()
    made_films()
