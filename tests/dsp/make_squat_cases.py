"""Writes tests/fixtures/squat_cases.json.gz: inputs at 100 Hz (both programs interpolate them to 1 kHz in the same way) and what the
reference code makes of them.   make_squat_cases.py FOLDER_OF_THE_REFERENCE OUTPUT
A channel is a list of integers (differences of counts) with a scale, or a constant, or the name of an equal one; the channels of a
case may be those of another case, by its name."""
import copy, gzip, json, math, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import gp_squat as sq, gp_squat_cases as gc, gp_subject as sub
from squat_channels import STEP, clean, pack

SCALE = dict(fz=0.2, df=0.01, rate=0.05, shank=0.01, pitch=0.01, ev=0.01, copy=1e-5)
FOOT = (0.0, 100.0)                                        # CoP then comes out in metres
captured = []
inner = sq.side_metrics
def spy(*a, **k): o = inner(*a, **k); captured.append(o); return o
sq.side_metrics = spy
CASES = []
def case(name, S, gaps=(), cfg=None):
    """gaps: (channel, side, first tick, ticks) set to NaN after the interpolation"""
    stored, T, seen = {}, {}, {}
    for key in ("fz", "df", "rate", "shank", "pitch", "ev"):
        stored[key], T[key] = [], []
        for i in (0, 1):
            s, full = pack(S[key][i], SCALE[key]); h = (json.dumps(s), SCALE[key]); T[key].append(full)
            stored[key].append(seen[h] if h in seen and isinstance(s, list) else s); seen.setdefault(h, "%s %d" % (key, i))
    stored["copy"], T["copy"] = pack(S["copy"], SCALE["copy"]); T["fy"] = 0*T["copy"]
    for key, i, a, n in gaps: T[key][i][a:a+n] = np.nan
    n = len(T["copy"]); t = np.arange(n)*1e-3; reps, g = sq.run_segmenter(T, n, cfg=cfg); M = []
    for r in reps:
        if r["reason"]: M.append(None); continue
        captured.clear(); m = sq.rep_metrics(t, T, r, r["bw"], 1, FOOT); it = iter(captured)
        m["side"] = [None if r["imu_gap"][i] else {k: v for k, v in next(it).items()} for i in (0, 1)]; M.append(m)
    same = next((c["name"] for c in CASES if c["channels"] == stored), None)
    CASES.append(dict(name=name, n=n, channels=same or stored, gaps=[list(x) for x in gaps], cfg=cfg or {}, reps=reps, metrics=M, events=g.events, bw=g.bw, status=g.status))
    print("%-28s %5.1f s %s" % (name, n/1e3, [r["reason"] or r["end_kind"] for r in reps]))
def subject(**mod):
    p = copy.deepcopy(sub.DEFAULT); p.update(mod); t = np.arange(0, p["t_first"]+p["reps"]*sub.cycle(p), 1e-3); w = sub.wrenches(p, t); o = w["pose"]
    return p, dict(fz=[w["W"][i][:, 2] for i in (0, 1)], df=[o["df"][i]-p["shank0"] for i in (0, 1)], rate=[np.gradient(o["df"][i], 1e-3) for i in (0, 1)], shank=o["shank"], pitch=o["heel"], ev=o["ev"], copy=w["ycop"])
gen = lambda **kw: gc.gen(**kw)[1]

_, S = subject(); case("default", S)
a, b = 13000, 13200; S["fz"][1] = S["fz"][1].copy(); S["fz"][0] = S["fz"][0].copy(); S["fz"][1][a:b] += S["fz"][0][a:b]-5; S["fz"][0][a:b] = 5; case("foot unloaded", S)
case("symmetric", subject(reps=2, rate=dict(D=20., N=20.), rng=dict(D=30., N=30.), lag=dict(D=0., N=0.), bai_stand=0., bai_bottom=0., fall_back=0.)[1])
case("shallow dip", subject(reps=2, depth=.05, rate=dict(D=8., N=8.), rng=dict(D=6., N=6.))[1])
case("heel lift", subject(reps=2, heel_lift=dict(D=0., N=6.))[1])
case("left dominant", subject(reps=2, dom=0)[1])
for name, kw in (("0.5 s", dict(Td=.5, Ta=.5, Tb=.05)), ("4 s 0.20 m", dict(Td=4., Ta=3., depth=.2, df=(16., 16.), reps=2)), ("5 s 0.30 m", dict(Td=5., Ta=4., depth=.3, df=(24., 24.), reps=2)),
                 ("pause 5 s", dict(Tb=5., reps=2)), ("0.2 s between", dict(Tr=.2)), ("noise x10", dict(noise=10, reps=2)), ("restless 12 N", dict(sway=12.)), ("restless 20 N", dict(sway=20.)), ("load 90 %", dict(bai=90., reps=2)), ("dip 0.08", dict(depth=.08, df=(8., 8.), reps=2)),
                 ("touch-and-go", dict(Tr=0., Td=1.5, Ta=1.2, Tb=.05, reps=6, top=.05)), ("jump", dict(jump=True, Td=1.2, Ta=1.2, Tr=3., reps=2)), ("early, skin", dict(df_early=.8, skin=.4)), ("slow with pause", dict(Td=4., Ta=3., Tb=1., reps=2)), ("too slow", dict(Td=10., Ta=4., reps=1))):
    case(name, gen(**kw))
S = gen(Tr=0., Td=1.5, Ta=1.2, Tb=.05, reps=6); t = np.arange(len(S["z"]))*1e-3; case("touch-and-go, +2 N", dict(S, fz=[x+1*(t > 3.9) for x in S["fz"]]))
S = gen(reps=1); case("one plate", dict(S, fz=[0*S["fz"][0]+1, S["fz"][0]+S["fz"][1]]))
S = gen(depth=0., df=(0., 0.), reps=2); t = np.arange(len(S["z"]))*1e-3; b = 60*np.sin(2*np.pi*.3*t)*(t > 5); F = S["fz"][0]+S["fz"][1]; case("weight shifts", dict(S, fz=[F*(1-b/100)/2, F*(1+b/100)/2]))
for name, m, off in (("next subject heavier", 100., 3000), ("barbell +20 kg", 100., 0), ("barbell -15 kg", 65., 0)): case(name, gc.join(gc.gen(reps=1), gc.gen(reps=1, m=m, seed=1), off=off)[1])
S = gen(reps=2); n = len(S["z"]); case("left ankle missing", S, [(k, 0, 0, n) for k in ("df", "rate")]); case("both ankles missing", S, [(k, i, 0, n) for k in ("df", "rate") for i in (0, 1)])
at = 4000+6400+800
for ms in (3, 50, 300): case("plate gap %d ms" % ms, S, [("fz", 0, at, ms)])
for ms in (40, 120, 300): case("ankle gap %d ms" % ms, S, [(k, 0, at, ms) for k in ("df", "rate")])
case("plate gap across the turn", gen(Tr=0., Td=1.5, Ta=1.2, Tb=.05, reps=3), [("fz", 1, 4000+2750-30, 120)])
for d in (0., -6.): S = gen(df=(d, d), reps=2); case("vertical shin %+.0f, df_min 0" % d, S, cfg=dict(df_min=0.))
case("vertical shin, df_min 8", gen(df=(4., 4.), reps=2))
S = gen(df_early=.8, reps=2); d2 = gen(df_early=.7, seed=1, reps=2); S["df"][0], S["rate"][0] = d2["df"][0], d2["rate"][0]; case("left ends 0.2 s before", S)
with gzip.GzipFile(sys.argv[2], "wb", 9, mtime=0) as f: f.write(json.dumps(dict(step=STEP, scale=SCALE, cases=clean(CASES)), separators=(",", ":")).encode())
