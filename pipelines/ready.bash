# SPDX-License-Identifier: MIT
# What the ready pipelines share; sourced after usage() is there. read_options fills in:
#   model    file of --model
#   cameras  each --camera; cutouts  each --cutout
#   testing  set by --test
#   words    what is no option
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$(basename "$0")
model=$root/models/shipped/nest-photo.onnx
cameras=() cutouts=() words=() testing=

fail() { # text
    echo "$name: $1; see --help" >&2
    exit 2
}

read_options() {
    while (($#)); do
        case $1 in
        --help | -h) usage; exit 0 ;;
        --test) testing=yes ;;
        --model | --camera | --cutout)
            (($# > 1)) || fail "$1 takes an argument"
            case $1 in
            --model) model=$2 ;;
            --camera) cameras+=("$2") ;;
            --cutout) cutouts+=("$2") ;;
            esac
            shift ;;
        -*) fail "unknown option $1" ;;
        *) words+=("$1") ;;
        esac
        shift
    done
}

# Sets `video`: the nth camera, or a test picture of so many frames.
choose_video() { # index, number of frames
    video=(v4l2src "device=${cameras[$1]:-/dev/video$1}")
    [[ -z $testing ]] || video=(videotestsrc is-live=true "num-buffers=$2" "pattern=$1")
}

# Ctrl-C ends the stream, so that files are complete.
play() { # a launch line
    GST_PLUGIN_PATH=${GST_PLUGIN_PATH:-$root/build/gst-plugin} exec gst-launch-1.0 -q -e "$@"
}
