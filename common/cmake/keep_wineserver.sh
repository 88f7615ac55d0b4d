#!/usr/bin/env bash
# A wineserver that stays for ten minutes after its last program, and comes back when it has crashed: what Wine starts in its
# stead goes with each program, and a program that is started while it goes is lost.
until wineserver -f -p600; do
    timeout 10 wineserver -w
done
