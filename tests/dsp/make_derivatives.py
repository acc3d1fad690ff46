"""Writes tests/fixtures/derivatives.json: what numpy and scipy make of records given by formula.   make_derivatives.py OUTPUT
Decimation: scipy.signal.firwin. Kalman: gains from scipy's Riccati equation; regular samples by convolution with the impulse response of these gains; irregular ones
without any recursion, as the conditional mean of a Gaussian process: the model's own covariances of all states, one dense system per instant."""
import json, sys
import numpy as np
from scipy import linalg, signal

FS = 1000.0


def decimation():
    t = np.arange(8000) / FS
    x = np.sin(2*np.pi*3*t) + np.sin(2*np.pi*60*t + 1)
    out = []
    for m in (2, 5, 10, 20):
        h = signal.firwin(24*m + 1, 0.8/m, window=("kaiser", 8.0))
        y = np.convolve(x, h, "valid")[::m]   # first one about x[12 m]
        out.append(dict(divisor=m, taps=h[:12*m + 1].tolist(), y=y[:40].tolist()))
    return dict(fs=FS, samples=len(t), cases=out)


def noise(T, q):
    return q*np.array([[T**5/20, T**4/8, T**3/6], [T**4/8, T**3/3, T**2/2], [T**3/6, T**2/2, T]])


def transition(T):
    return np.array([[1, T, T*T/2], [0, 1, T], [0, 0, 1]])


def gains():
    out = []
    for fs, q, r in ((1000, 3e5, .01), (100, 3e5, .01), (400, 2e3, 1e-4), (1000, 1e10, .64)):
        F, H = transition(1/fs), np.array([[1.0, 0, 0]])
        P = linalg.solve_discrete_are(F.T, H.T, noise(1/fs, q), np.array([[r]]))
        out.append(dict(rate_hz=fs, q=q, r=r, gain=(P[:, 0]/(P[0, 0] + r)).tolist()))
    return out


def regular(gain):
    t = np.arange(3000) / FS
    x = 15*np.sin(np.pi*t) + 0.1*np.sin(37.0*np.arange(len(t)))
    K, F = np.array(gain), transition(1/FS)
    A = (np.eye(3) - np.outer(K, [1, 0, 0])) @ F
    answer = [K]   # to an impulse
    while len(answer) < len(t): answer.append(A @ answer[-1])
    columns = [np.convolve(x - x[0], a)[: len(t)] for a in np.array(answer).T]
    columns[0] += x[0]
    keep = [1, 10, 100, 700, 1500, 2999]
    return [dict(k=k, estimate=[float(c[k]) for c in columns]) for k in keep]


def irregular(q, r, rate_sd, acceleration_sd):
    k = np.arange(60)
    t = 0.005*k + 0.002*np.sin(1.7*k)
    x = 15*np.sin(np.pi*t) + 0.1*np.sin(37.0*k)
    unknown = (k >= 25) & (k < 37)
    P0 = np.diag([r, rate_sd**2, acceleration_sd**2])
    marginal = [transition(s) @ P0 @ transition(s).T + noise(s, q) for s in t - t[0]]
    def covariance(i, j):  # of the states at i and j
        return marginal[i] @ transition(t[j] - t[i]).T if i <= j else transition(t[i] - t[j]) @ marginal[j]
    rows = []
    for n in range(1, len(k)):
        seen = [i for i in range(1, n + 1) if not unknown[i]]
        C = np.array([[covariance(i, j)[0, 0] for j in seen] for i in seen]) + r*np.eye(len(seen))
        c = np.array([covariance(n, i)[:, 0] for i in seen]).T
        mean = np.array([x[0], 0, 0]) + c @ np.linalg.solve(C, x[seen] - x[0])
        sd = np.sqrt((marginal[n] - c @ np.linalg.solve(C, c.T))[1, 1])
        rows.append(mean.tolist() + [float(sd)])
    return dict(q=q, r=r, rate_sd=rate_sd, acceleration_sd=acceleration_sd, unknown=[25, 37], estimate_and_rate_sd=rows)


g = gains()
json.dump(dict(decimation=decimation(), gains=g, regular=regular(g[0]["gain"]), irregular=irregular(3e5, .01, 100.0, 500.0)), open(sys.argv[1], "w"))
