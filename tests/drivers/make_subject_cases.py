"""Writes tests/fixtures/subject_cases.json: values of the reference subject for settings that the other fixtures do not cover.

usage: make_subject_cases.py <folder of gp_subject.py> <output>
"""
import copy, json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import gp_subject as sub

CASES = {
    "default": {},
    "knee_in": dict(knee_in=dict(D=2.0, N=8.0), tib_turn=dict(D=1.0, N=8.0)),
    "links_left_dominant": dict(dom=0, cop_mode="links", rate=dict(D=22.0, N=26.0), rng=dict(D=30.0, N=27.0), fall_back=0.02,
                                fb_dur=0.9, Td=2.4, Ta=2.4, tb=0.45, lag=dict(D=0.03, N=0.0)),
    "lipm": dict(cop_mode="lipm", m=62.5, H=1.66),
    "heel_lift": dict(heel_lift=dict(D=0.0, N=6.0)),
    "pelvis": dict(pelvis=dict(tilt=35.0, tuck=12.0, obliquity=4.0, axial=9.0)),
}
SENSORS = [("shank", 0), ("shank", 1), ("foot", 0), ("foot", 1), ("pelvis", 0)]
MOUNT = np.array([[0.0, 0.6, -0.8], [1.0, 0.0, 0.0], [0.0, -0.8, -0.6]])
assert np.allclose(MOUNT @ MOUNT.T, np.eye(3)) and np.linalg.det(MOUNT) > 0
num = lambda a: [float(repr(float(v))) for v in np.ravel(a)]

out = dict(mounting=MOUNT.tolist(), sensors=[[s, i] for s, i in SENSORS], cases={})
for name, change in CASES.items():
    p = copy.deepcopy(sub.DEFAULT)
    p.update(change)
    t = np.r_[0.5, 4.93, np.linspace(5.0, 9.2, 22) + 0.00037, 11.7, 12.9, 17.4, 19.85, 24.4]
    w = sub.wrenches(p, t)
    o = w["pose"]
    incl = [[sub.true_incl(p, o, i, s) for s in ("shank", "foot")] for i in (0, 1)]
    rows = [num([t[k], *w["W"][0][k], *w["W"][1][k], w["x"][0][k], w["y"][0][k], w["x"][1][k], w["y"][1][k], w["xcop"][k], w["ycop"][k],
                 o["com_y"][k], o["com_z"][k], *(o["df"][i][k] - p["shank0"] for i in (0, 1)), *(o["ev"][i][k] for i in (0, 1)),
                 *(incl[i][j][k] for i in (0, 1) for j in (0, 1))]) for k in range(len(t))]
    imu = []
    for seg, side in SENSORS:
        g, f = sub.imu(p, t, side, seg, MOUNT)
        imu.append([num([*g[k], *f[k]]) for k in range(len(t))])
    del p["wblt"]
    out["cases"][name] = dict(params=p, rows=rows, imu=imu)
out["columns"] = "t WL(6) WR(6) xL yL xR yR x y com_y com_z dfL dfR evL evR inclination of shank L, foot L, shank R, foot R (deg)"
json.dump(out, open(sys.argv[2], "w"), separators=(",", ":"))
