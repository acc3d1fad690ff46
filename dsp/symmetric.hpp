// Dense linear algebra of the calibrations: symmetric matrices of a few rows, not for the per-sample path.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace grfd {

template <std::size_t N>
using SquareMatrix = std::array<std::array<double, N>, N>;

template <std::size_t N>
struct EigenPairs {
  std::array<double, N> values{};                  ///< ascending
  std::array<std::array<double, N>, N> vectors{};  ///< row i belongs to values[i], unit length
};

/// Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations.
template <std::size_t N>
EigenPairs<N> symmetric_eigen(SquareMatrix<N> m) {
  SquareMatrix<N> v{};
  for (std::size_t i = 0; i < N; ++i) v[i][i] = 1;
  for (int sweep = 0; sweep < 50; ++sweep) {
    double off = 0, trace = 0;
    for (std::size_t i = 0; i < N; ++i) {
      trace += m[i][i] * m[i][i];
      for (std::size_t j = i + 1; j < N; ++j) off += m[i][j] * m[i][j];
    }
    if (!(off > 1e-32 * trace)) break;
    for (std::size_t p = 0; p < N; ++p)
      for (std::size_t q = p + 1; q < N; ++q) {
        if (m[p][q] == 0) continue;
        const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
        const double t = std::copysign(1 / (std::fabs(theta) + std::hypot(theta, 1.0)), theta);
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        for (std::size_t k = 0; k < N; ++k) {  // columns
          const double a = m[k][p], b = m[k][q];
          m[k][p] = c * a - s * b;
          m[k][q] = s * a + c * b;
        }
        for (std::size_t k = 0; k < N; ++k) {  // rows
          const double a = m[p][k], b = m[q][k];
          m[p][k] = c * a - s * b;
          m[q][k] = s * a + c * b;
          const double e = v[p][k], f = v[q][k];
          v[p][k] = c * e - s * f;
          v[q][k] = s * e + c * f;
        }
      }
  }
  std::array<std::size_t, N> order;
  for (std::size_t i = 0; i < N; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return m[a][a] < m[b][b]; });
  EigenPairs<N> e;
  for (std::size_t i = 0; i < N; ++i) {
    e.values[i] = m[order[i]][order[i]];
    e.vectors[i] = v[order[i]];
  }
  return e;
}

/// x of m x = b for a symmetric positive definite m, by Cholesky; zeros if m is not positive definite.
template <std::size_t N>
std::array<double, N> solve_positive(SquareMatrix<N> m, std::array<double, N> b) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double s = m[i][j];
      for (std::size_t k = 0; k < j; ++k) s -= m[i][k] * m[j][k];
      m[i][j] = s / m[j][j];
    }
    double d = m[i][i];
    for (std::size_t k = 0; k < i; ++k) d -= m[i][k] * m[i][k];
    if (!(d > 0)) return {};
    m[i][i] = std::sqrt(d);
  }
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= m[i][k] * b[k];
    b[i] /= m[i][i];
  }
  for (std::size_t i = N; i-- > 0;) {
    for (std::size_t k = i + 1; k < N; ++k) b[i] -= m[k][i] * b[k];
    b[i] /= m[i][i];
  }
  return b;
}

}  // namespace grfd
