"""Starts the programs of Zoobot, which are in this folder."""

import os
import sys


def main():
    launcher = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "zoobot-launcher")
    os.environ["ZOOBOT_PYTHON"] = sys.executable
    os.execv(launcher, [launcher, *sys.argv[1:]])
