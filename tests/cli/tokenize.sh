# Sound as tokens and back: all bins give it back, few come close.
python3 - <<'END'
import math, struct, wave
with wave.open("sound.wav", "wb") as out:
    out.setnchannels(2); out.setsampwidth(2); out.setframerate(16000)
    for i in range(16000):
        value = 8000 * math.sin(i * 0.1 + 3 * math.sin(i * 0.0005)) * (1 + math.sin(i * 0.002)) / 2
        out.writeframes(struct.pack("<hh", round(value), round(value / 2)))
END
snr() { # of a WAV file in two channels and the floats that were decoded
  python3 - "$@" <<'END'
import math, struct, sys, wave
with wave.open(sys.argv[1]) as file:
    values = struct.unpack(f"<{file.getnframes() * 2}h", file.readframes(file.getnframes()))
a = [(values[i] + values[i + 1]) / 65536 for i in range(0, len(values), 2)]
floats = open(sys.argv[2], "rb").read()
b = struct.unpack(f"<{len(floats) // 4}f", floats)
noise = sum((x - y) ** 2 for x, y in zip(a, b))
print(len(a), len(b), 5 * round(2 * math.log10(sum(x * x for x in a) / noise)), "dB")
END
}
t h4mk tokenize sound.wav -o all.h4mk --frame-size 512 --top-k 257 --gop 8
t h4mk inspect all.h4mk
t h4mk verify all.h4mk
t h4mk decode all.h4mk -o all.f32
snr sound.wav all.f32
t h4mk tokenize sound.wav -o few.h4mk --frame-size 512 --top-k 8 --gop 8 --compress
t h4mk decode few.h4mk -o few.f32
snr sound.wav few.f32
# From any time: what comes is what comes from the start.
h4mk decode few.h4mk --from 0.5 -o half.f32
cmp half.f32 <(tail -c "$(stat -c %s half.f32)" few.f32) && echo the same
t h4mk decode --json --time 0.5 few.h4mk
# Random access points are where they were asked for.
t h4mk range -t 1 few.h4mk --to 0.3
# Neighbouring frames of a slow glide agree well.
t h4mk coherence few.h4mk | sed -n '1,5p;$p'
t h4mk coherence --json few.h4mk | sed -n 1,16p
# What cannot be.
make_file pcm pcm.h4mk
t h4mk coherence pcm.h4mk
t h4mk coherence -t 7 pcm.h4mk
t h4mk tokenize sound.wav -o x.h4mk --frame-size 257
t h4mk tokenize sound.wav -o x.h4mk --top-k 0
printf 'no sound' >nothing
t h4mk tokenize nothing -o x.h4mk --ffmpeg ./no_such_program
ls x.*
