"""agency-swarm 0.7.2: two agents, a tool, an answer."""

import os
import tempfile

os.chdir(tempfile.mkdtemp())

from agency_swarm import Agency, Agent, BaseTool
from pydantic import Field


class GetWeather(BaseTool):
    """The weather in a town."""

    city: str = Field(..., description="A town.")

    def run(self):
        return f"mild in {self.city}"


desk = Agent(name="Desk", description="Answers guests.", instructions="Be brief.", tools=[GetWeather], model="rules", temperature=0.1)
clerk = Agent(name="Clerk", description="Writes notes.", instructions="Be brief.", model="rules", temperature=0.1)
agency = Agency([desk, [desk, clerk]], shared_instructions="Be kind.", temperature=0.1)
assert agency.get_completion("Good day", yield_messages=False) == "You said: Good day"
reply = agency.get_completion("What is the weather in Oslo? Use GetWeather.", yield_messages=False)
assert "mild in" in reply, reply
desk.delete()
clerk.delete()
