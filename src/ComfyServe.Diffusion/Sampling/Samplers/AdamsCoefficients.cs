namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>Coefficients of the stochastic Adams methods.</summary>
internal static class AdamsCoefficients
{
    /// <summary>∫ m·e^(−m(λ_t − λ))·ℓ_j(λ) dλ from λ_s to λ_t for each node j, with m = 1 + τ².</summary>
    /// <remarks>Xue et al. 2023, equations 14 and 17: integrals of powers in closed form, then Vandermonde's system.</remarks>
    public static double[] Stochastic(double[] nodes, double from, double to, double tau)
    {
        var m = 1 + (tau * tau);
        var decay = Math.Exp(-m * (to - from));
        var powers = new double[nodes.Length];
        for (var p = 0; p < nodes.Length; p++)
        {
            // Partial integration: E_p = P_p − (p/m)·E_(p−1).
            powers[p] = Math.Pow(to, p) - (Math.Pow(from, p) * decay) - (p == 0 ? 0 : p / m * powers[p - 1]);
        }

        var matrix = new double[nodes.Length, nodes.Length];
        for (var p = 0; p < nodes.Length; p++)
        {
            for (var j = 0; j < nodes.Length; j++)
            {
                matrix[p, j] = Math.Pow(nodes[j], p);
            }
        }

        return LinearSystem.Solve(matrix, powers);
    }
}
