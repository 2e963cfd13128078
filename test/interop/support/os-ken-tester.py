"""os-ken's switch tester, with pauses that suit two switches on one machine; how long it waits for an answer stays."""
from os_ken.tests.switch import tester

tester.INTERVAL = 0.05


class Tester(tester.OfTester):
    pass
