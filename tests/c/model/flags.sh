#!/bin/bash
# What relacy (of 2019) and C that is read as C++ need of a compiler, and how the source finds its atomics.
echo -std=gnu++14 -fpermissive -w -fno-strict-aliasing -fno-sized-deallocation -U_FORTIFY_SOURCE -fno-sanitize=all \
  "-DHDI_MODEL=<model/atomic_relacy.h>" -DHDI_READY_BITS=2
