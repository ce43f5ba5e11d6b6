"""People and the five elements: awareness, desire, knowledge, ability, reinforcement.

ADKAR is a registered trademark of Prosci, Inc.; see NOTICE.
"""
