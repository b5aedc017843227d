namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>The functions of exponential integrators, without cancellation near zero.</summary>
/// <remarks>Hochbruck, Ostermann 2010, "Exponential integrators", equation 2.10.</remarks>
internal static class ExponentialIntegral
{
    /// <summary>e^z − 1.</summary>
    public static double ExpMinusOne(double z)
    {
        if (Math.Abs(z) > 0.5)
        {
            return Math.Exp(z) - 1;
        }

        // (e^z − 1) = 2·sinh(z/2)·e^(z/2) keeps all digits of a small z.
        return 2 * Math.Sinh(z / 2) * Math.Exp(z / 2);
    }

    /// <summary>φ₁(z) = (e^z − 1) ÷ z.</summary>
    public static double Phi1(double z) => ExpMinusOne(z) / z;

    /// <summary>φ₂(z) = (φ₁(z) − 1) ÷ z.</summary>
    public static double Phi2(double z) => (Phi1(z) - 1) / z;
}
