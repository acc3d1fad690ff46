"""Writes tests/fixtures/squat_loads.json.gz: wrenches and angles of a synthetic subject at 100 Hz (both programs interpolate them to
1 kHz in the same way), and what whole-array formulas make of them: forces of a repetition and exploratory measures. Repetitions,
movement, plateaus, knee moment and indices come from the reference code.   make_squat_loads.py FOLDER_OF_THE_REFERENCE OUTPUT"""
import copy, gzip, json, math, sys
import numpy as np
from scipy.signal import sosfiltfilt
sys.path.insert(0, sys.argv[1])
import gp_asym, gp_squat as sq, gp_subject as sub
from gp_filters import butter_sos
from excursion import excursion
from squat_channels import STEP, clean, pack

G = 9.80665
SCALE = dict(fz=0.1, df=0.005, rate=0.02, shank=0.005, pitch=0.005, ev=0.005, fx=0.02, fy=0.02, copx=2e-5, copy_side=2e-5, tz=0.005,
             force_rate=0.2, raw=0.1, copy=2e-5)
SINGLE = ("copy",)
BAND = (42, 44)  # of the foot: these subjects pass its edges


def subject(**mod):
    p = copy.deepcopy(sub.DEFAULT)
    p.update(reps=2, **mod)
    t = np.arange(0, p["t_first"] + p["reps"] * sub.cycle(p), 1e-3)
    w = sub.wrenches(p, t)
    o, W = w["pose"], w["W"]
    tz = [W[i][:, 5] - w["x"][i] * W[i][:, 1] + w["y"][i] * W[i][:, 0] for i in (0, 1)]
    raw = [W[i][:, 2] + 0.8 * np.sin(2 * np.pi * 7 * t + i) for i in (0, 1)]  # the unfiltered force: a tremor on top
    S = dict(fz=[W[i][:, 2] for i in (0, 1)], df=[o["df"][i] - p["shank0"] for i in (0, 1)], rate=[np.gradient(o["df"][i], 1e-3) for i in (0, 1)],
             shank=o["shank"], pitch=o["heel"], ev=o["ev"], fx=[W[i][:, 0] for i in (0, 1)], fy=[W[i][:, 1] for i in (0, 1)], copx=w["x"], copy_side=w["y"],
             tz=tz, force_rate=[np.gradient(x, 1e-3) for x in raw], raw=raw, copy=w["ycop"])
    return p, S


def loads(p, T, rep, heels, toe_out, ankle_ahead):
    n = len(T["copy"])
    t = np.arange(n) * 1e-3
    i0, i1, bw = rep["start"], rep["end"], rep["bw"]
    w0, w1 = sq.integration_window(rep, n, 1000.0)
    F = T["fz"][0] + T["fz"][1]
    v, z = sq.com_kinematics(F, bw, 1000.0, w0, w1)
    V, Z = np.full(n, np.nan), np.full(n, np.nan)
    V[w0:w1 + 1], Z[w0:w1 + 1] = v, z
    b = sq.bottom_span(z)
    ib, ie = w0 + b[0], w0 + b[1]
    im = (ib + ie) // 2
    turn = rep["start_kind"] == "turn"
    phase = dict(standing=slice(i0 - 300, i0 + 1), descent=slice(i0, ib + 1), bottom=slice(im - 50, im + 51), ascent=slice(ie, i1 + 1))
    mean = lambda x, name: None if turn and name == "standing" else float(np.mean(x[phase[name]]))
    means = lambda x: {name: mean(x, name) for name in phase}
    whole = slice(i0, i1 + 1)
    FL, H, m = p["foot_len"], p["H"], bw / G
    M = sq.rep_metrics(t, dict(T), rep, bw, 1, (0.5 * (heels[0][1] + heels[1][1]), FL))
    raw = T["raw"][0] + T["raw"][1]
    i_top = im + int(np.argmax(V[im:i1 + 1]))
    over = np.flatnonzero(raw[im:i_top + 1] > bw + 5 * np.std(raw[i0 - 300:i0 + 1]))
    on = im + int(over[0]) if len(over) and not turn else None
    rfd = lambda x: [None if on is None else float((x[on + n_] - x[on]) / (n_ * 1e-3)) for n_ in (50, 100, 150, 200, 250)]
    drive = slice(im, i_top + 1)
    peak20 = lambda x: float(np.max(x[drive][20:] - x[drive][:-20]) / 0.02)  # as RFD_peak20 of gp_protocols.imtp
    in_band = lambda x: float(100 * np.mean((x >= BAND[0]) & (x <= BAND[1])))
    out = dict(foot=[], both={})
    for i in (0, 1):
        s, a = (-1 if i == 0 else 1), math.radians(toe_out[i])
        axis = np.array([s * math.sin(a), math.cos(a)])
        cop = 100 * ((np.stack([T["copx"][i], T["copy_side"][i]], 1) - heels[i]) @ axis) / FL
        knee = sq.knee_moment_proxy(T["fz"][i], T["fy"][i], T["copy_side"][i], T["shank"][i], heels[i][1] + ankle_ahead * math.cos(a), .039 * H, .246 * H, m)
        lift = excursion(T["pitch"][i] - np.median(T["pitch"][i][i0 - 300:i0 + 1]), i0, i1)
        inward = np.median(T["ev"][i][i0 - 300:i0 + 1]) - T["ev"][i]
        turned = excursion(inward, i0, i1)
        power = T["fz"][i] * V
        y = sosfiltfilt(butter_sos(2, 8.0, 1000.0), T["ev"][i])
        e = y - np.median(y[i0 - 700:i0 - 399])
        k10 = i0 - 400 + int(np.argmax(e[i0 - 400:ib + 1] >= .1 * np.max(e[i0 - 400:ib + 1])))
        d = T["df"][i] - np.median(T["df"][i][i0 - 300:i0 + 1])
        d10 = i0 + int(np.argmax(d[i0:ie + 1] >= .1 * np.max(d[i0:ie + 1])))
        share = lambda c: None if c is None else (72 - c) / 60
        at = lambda k: None if k is None else float(t[k])
        light = [k for k in range(i0, i1 + 1) if share(cop[k]) <= 0.10][:1]
        lost = min([k for k in (*light, lift[0]) if k is not None], default=None)
        out["foot"].append(dict(
            fz=means(T["fz"][i]), tz=means(T["tz"][i]), cop=means(cop), rfd=rfd(T["raw"][i]), rfd_peak_20=peak20(T["raw"][i]), force_rate_peak=float(np.max(T["force_rate"][i][drive])),
            knee_standing=mean(knee, "standing"), knee_bottom=mean(knee, "bottom"), knee_peak=float(np.max(knee[whole])), heel_lift_onset=at(lift[0]),
            heel_lift_time=lift[1] * 1e-3, inversion_onset=at(turned[0]), inversion_time=turned[1] * 1e-3, inversion_peak=float(np.max(inward[whole])),
            heel_share_standing=share(mean(cop, "standing")), heel_share_bottom=share(mean(cop, "bottom")), heel_share_min=share(float(np.max(cop[whole]))),
            heel_contact=float(lost is None), heel_contact_lost=at(lost), in_band=in_band(cop[whole]),
            behind_40=float(np.sum(cop[whole] < 40) * 1e-3), impulse_eccentric=float(np.sum(T["fz"][i][phase["descent"]]) * 1e-3),
            impulse_concentric=float(np.sum(T["fz"][i][phase["ascent"]]) * 1e-3), power_eccentric=mean(power, "descent"), power_concentric=mean(power, "ascent"),
            power_eccentric_peak=float(np.min(power[phase["descent"]])), power_concentric_peak=float(np.max(power[phase["ascent"]])),
            eversion_lead_10=float(t[d10] - t[k10]) if np.max(e[i0 - 400:ib + 1]) >= .5 else None, eversion_slope=float(np.polyfit(d[i0:ib + 1], e[i0:ib + 1], 1)[0])))
    cop = T["copy"]
    percent = 100 * (cop - 0.5 * (heels[0][1] + heels[1][1])) / FL
    Fy = T["fy"][0] + T["fy"][1]
    com = cop + (.56 * H + Z) * Fy / F
    plateaus = [x for x in (M["plateau_N"], M["plateau_D"]) if math.isfinite(x)]
    pl = int(np.searchsorted(t, min(plateaus) - 0.5e-3)) if plateaus else None
    runs = "".join("x" if y <= percent[pl] - 5 else " " for y in percent[pl:ie + 1]).split() if pl else []
    k_low = i0 + int(np.argmin(V[i0:im + 1]))
    down = i0 + int(np.argmax(V[i0:ib + 1] < -0.06))
    before = rep.get("prev_end")
    quiet = not turn and (before is None or i0 - 800 >= before)

    def smooth(span):
        T_, jerk = (span.stop - 1 - span.start) * 1e-3, (T["force_rate"][0][span] + T["force_rate"][1][span]) / m
        return float(-np.log(T_**3 / np.max(np.abs(V[span]))**2 * np.sum(jerk**2) * 1e-3))

    course = lambda a, b_: [float(gp_asym.bai1(T["fz"][1][k], T["fz"][0][k])) for k in (a + int(math.floor(j * (b_ - a) / 10 + .5)) for j in range(11))]
    out["both"] = dict(
        in_band=in_band(percent[whole]),
        cop=means(percent), spread=means((T["fx"][0] - T["fx"][1]) / 2), drive_onset=None if on is None else float(t[on]), rfd=rfd(raw), rfd_peak_20=peak20(raw),
        force_rate_peak=float(np.max((T["force_rate"][0] + T["force_rate"][1])[drive])), bai_descent=course(i0, ib), bai_ascent=course(ie, i1),
        fall_back=M["fall_back"] if pl else None, fall_back_time=float(np.sum(percent[pl:ie + 1] <= percent[pl] - 5) * 1e-3) if pl else None,
        com_fall_back=float(com[pl] - np.min(com[pl:ie + 1])) if pl else None, fall_back_flag=float(max(map(len, runs), default=0) > 100) if pl else None, depth_percent=100 * M["drop"] / H, descent_time=(ib - i0) * 1e-3,
        ascent_time=(i1 - ie) * 1e-3, forward_shift=float(np.max(cop[i0 - 499:down + 1]) - np.mean(cop[i0 - 800:i0 - 499])) if quiet else None,
        stiffness=float((np.max(F[k_low:im + 1]) - F[k_low]) / (Z[k_low] - np.nanmin(Z))), smoothness_descent=smooth(phase["descent"]), smoothness_ascent=smooth(phase["ascent"]))
    return out


cases = []
for name, mod in (("default", {}), ("heel lift, left dominant", dict(heel_lift=dict(D=0., N=6.), dom=0)), ("inverting, no early plateau", dict(
        ev=dict(D=-6., N=-2.), rate=dict(D=20., N=20.), rng=dict(D=30., N=30.), lag=dict(D=0., N=0.), spread=.06, bai_bottom=-20.))):
    p, S = subject(**mod)
    stored, T = {}, {}
    for key in SCALE:
        if key in SINGLE:
            stored[key], T[key] = pack(S[key], SCALE[key])
        else:
            pairs = [pack(x, SCALE[key]) for x in S[key]]
            stored[key], T[key] = [x[0] for x in pairs], [x[1] for x in pairs]
    heels = np.array([[-p["stance"], p["heel_y"]], [p["stance"], p["heel_y"] + 0.004]])
    toe_out = (p["toe_out"], p["toe_out"] - 3)
    reps, g = sq.run_segmenter(T, len(T["copy"]))
    wants = [loads(p, T, r, heels, toe_out, 0.06) for r in reps]
    print(name, [r["reason"] for r in reps])
    cases.append(dict(name=name, n=len(T["copy"]), channels=stored, height=p["H"], foot_length=p["foot_len"], heels=heels.tolist(), toe_out=list(toe_out), ankle_ahead=0.06, loads=wants))
with gzip.GzipFile(sys.argv[2], "wb", 9, mtime=0) as f:
    f.write(json.dumps(dict(step=STEP, scale=SCALE, band=BAND, cases=clean(cases)), separators=(",", ":")).encode())
