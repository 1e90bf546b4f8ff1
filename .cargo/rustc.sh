#!/bin/sh
# Stands before rustc for this workspace's own crates: the library must share the standard library
# (`libstd.so`) with the notebook cells that link it. cargo asks for that only where the library is
# built as a dependency of something else, so `cargo test` would leave one that no cell can use.
rustc=$1
shift
case " $* " in
*" --crate-name zoobot_shared "*) exec "$rustc" "$@" -Cprefer-dynamic ;;
*) exec "$rustc" "$@" ;;
esac
