"""A small organisation as a CSV file, and rows to make it large."""

from collections.abc import Iterator

HEADER = "type,key,parent,title,team,owner,cycle,metric,start,target,current,confidence,kind,state,why_now\n"
SMALL = (
    HEADER
    + """\
organization,initech,,Initech,,,,,,,,,,,
team,company,,Initech,,,,,,,,,,,
team,growth,company,Growth,,,,,,,,,,,
person,peter@initech.example,,Peter,growth:LEAD,,,,,,,,ADMIN,,
cycle,q,,Quarter,,,,,2026-10-01,2026-12-31,,,,ACTIVE,
objective,grow,,Grow,growth,peter@initech.example,q,,,,,,,PUBLISHED,Because the market is moving
key_result,customers,grow,Customers,,,,NUMBER,0,100,25,4,,,
"""
)


def rows(count: int, title: str = "Objective") -> Iterator[str]:
    """Objectives with one key result each, to follow SMALL."""
    for number in range(count):
        yield f"objective,o{number},grow,{title} {number},growth,peter@initech.example,q,,,,,,,PUBLISHED,\n"
        yield f"key_result,k{number},o{number},Result {number},,,,NUMBER,0,100,,,,,\n"
