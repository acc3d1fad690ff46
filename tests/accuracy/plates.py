"""Sets 04, 05, 06: plates of C3D files. Sets 02, 03: quiet stance."""
import numpy as np
from direct import numbers, table, worst

MM = 1e-3


def beyond(a, reference):
    """Largest difference beyond half a unit of the tenth digit, with which the references are written."""
    digit = 10.0 ** (np.floor(np.log10(np.maximum(abs(np.nan_to_num(reference, nan=1)), 1e-30))) - 9)
    near = abs(a - reference) <= 0.5 * digit
    return worst(np.where(near, reference, np.where(a > reference, a - 0.5 * digit, a + 0.5 * digit)), reference)


def check_plates(report, direct, data):
    report.part("Plates called directly, in double (sets 04, 05, 06)")
    rows, encodings = [], []
    for file in sorted(f for s in ("04", "05", "06") for f in data.glob(f"{s}*/*.[cC]3[dD]")):
        head, values = direct("plates", file)
        plates, reference = head["plates"], table(file.parent / f"reference/{file.name}.csv.gz")
        values = values.reshape(-1, 10 * len(plates) + 6)
        flat = all(p["off_plane_m"] < 1e-9 and p["edge_misfit_m"] < 1e-9 for p in plates)
        survey = "" if flat else ".survey"
        cop = tz = lab = 0
        for k in range(len(plates)):
            w, name = values[:, 10 * k : 10 * k + 10], f"fp{k + 1}_"
            cop = max(cop, beyond(w[:, 4:6], MM * numbers(reference, name + "cop_plate_xy_0", name + "cop_plate_xy_1")))
            tz = max(tz, beyond(w[:, 6], MM * numbers(reference, name + "Tz_plate")[:, 0]))
            lab = max(lab, worst(w[:, 7:10], MM * numbers(reference, *(f"{name}cop_lab_xyz_{i}" for i in range(3)))))
        report.figure("plate.cop", file.name, cop)
        report.figure("plate.tz", file.name, tz)
        report.figure("plate.lab" + survey, file.name, lab)
        report.figure("plate.reader", file.name, head["reader_difference"])
        net = moment = "-"
        if len(plates) > 1:
            total = values[:, -6:]
            if "net_cop_lab_0" in reference:
                level = np.ptp(
                    values[:, [10 * k + 9 for k in range(len(plates))]][
                        ~np.isnan(values[:, 9::10][:, : len(plates)]).any(axis=1)
                    ],
                    axis=1,
                )
                if level.size == 0 or level.max() < 1e-3:  # surfaces of one height, or the weighted mean is no CoP
                    net = beyond(total[:, 3:5], MM * numbers(reference, "net_cop_lab_0", "net_cop_lab_1"))
                    report.figure("plate.net" + survey, file.name, net)
            moment = combined_moment(values, plates)
            report.figure("plate.tz.net", file.name, moment)
        rows.append(
            [
                file.name,
                "/".join(str(p["type"]) for p in plates),
                len(values),
                cop,
                tz,
                lab,
                net,
                moment,
                "one plane"
                if flat
                else f"off by {1e3 * max(max(p['off_plane_m'], p['edge_misfit_m']) for p in plates):.2f} mm",
            ]
        )
        if file.name.lower().startswith("sample02_"):
            encodings.append(values)
    if encodings:
        report.figure("plate.encodings", "sample02, six encodings", max(worst(e, encodings[0]) for e in encodings))
    report.table(
        [
            "file",
            "TYPE",
            "samples",
            "CoP, m",
            "Tz, N.m",
            "CoP in the lab, m",
            "combined CoP, m",
            "combined Tz, N.m",
            "corners",
        ],
        rows,
    )
    report.text(
        "Each figure is the largest difference over all samples with 20 N or more, beyond the last of the ten digits "
        "with which the references are written. TYPE-5 has no open recording."
    )


def combined_moment(values, plates):
    """Tz of all plates against the free moment of each, turned with its plate, and the couples of the forces."""
    net, expected = values[:, -3:-1], np.zeros(len(values))
    loaded = np.zeros(len(values), bool)
    for k, plate in enumerate(plates):
        w = values[:, 10 * k : 10 * k + 10]
        on = ~np.isnan(w[:, 4])
        r = w[:, 7:9] - net
        expected[on] += (plate["normal_z"] * w[:, 6] + r[:, 0] * w[:, 1] - r[:, 1] * w[:, 0])[on]
        loaded |= on
    return worst(values[loaded, -1], expected[loaded])


def check_stance(report, direct, data):
    report.part("Quiet stance at the recordings' own 100 Hz, unfiltered as published (sets 02, 03)")
    rows = []
    for folder, info, suffix, columns, to_cm in (
        ("02*", "PDSinfoCOP.excerpt.txt", "grf.txt", ("COPNET_Z", "COPNET_X"), 100),
        ("03*", "BDSinfoCOP.excerpt.txt", ".txt", ("COPy[cm]", "COPx[cm]"), 1),
    ):
        for path in data.glob(folder):
            published = table(path / info, delimiter="\t")
            for k, trial in enumerate(published["Trial"]):
                t = table(path / (trial + suffix), delimiter="\t")
                point, cop = net_error(direct, t) if to_cm == 100 else plate_error(direct, t)
                head, s = direct("stance", 100, rows=to_cm * numbers(t, *columns))
                got = dict(zip(head["columns"], s))
                area, velocity = (
                    abs(got[a] / float(published[b][k]) - 1)
                    for a, b in (("area_prediction", "COParea"), ("mean_velocity_n", "COPvelo"))
                )
                report.figure("stance.area", trial, area)
                report.figure("stance.velocity", trial, velocity)
                report.figure(point, trial, cop)
                rows.append(
                    [trial, float(published["COParea"][k]), area, float(published["COPvelo"][k]), velocity, cop]
                )
    report.table(
        [
            "trial",
            "published area, cm^2",
            "relative error",
            "published velocity, cm/s",
            "relative error",
            "CoP from the forces, m",
        ],
        rows,
    )


def plate_error(direct, t):
    """Set 03: one plate, moments at its surface."""
    w = numbers(t, "Fx[N]", "Fy[N]", "Fz[N]", "Mx[Nm]", "My[Nm]", "Mz[Nm]")
    _, p = direct("points", rows=w, columns=3)
    return "stance.cop", worst(p[:, :2], 0.01 * numbers(t, "COPx[cm]", "COPy[cm]"))


def net_error(direct, t):
    """Set 02: from each plate's force, CoP and free moment to its wrench, both added, and back. Y is up, Z right."""
    total = 0
    for side in "RL":
        forward, up, right = numbers(t, *(f"{side}GRF_{a}" for a in "XYZ")).T
        x, y = numbers(t, f"{side}COP_Z", f"{side}COP_X").T  # ours: right, forward
        tz = -numbers(t, f"{side}FREEMOMENT_Y")[:, 0]
        total = total + np.column_stack([right, forward, up, y * up, -x * up, tz + x * forward - y * right])
    _, p = direct("points", rows=total, columns=3)
    return "stance.net", worst(p[:, :2], numbers(t, "COPNET_Z", "COPNET_X"))
