namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>Lagrange's basis polynomials.</summary>
internal static class Lagrange
{
    /// <summary>The value at <paramref name="x"/> of the polynomial that is 1 at node <paramref name="j"/> and 0 at the others.</summary>
    public static double Basis(ReadOnlySpan<double> nodes, int j, double x)
    {
        var product = 1.0;
        for (var k = 0; k < nodes.Length; k++)
        {
            if (k != j)
            {
                product *= (x - nodes[k]) / (nodes[j] - nodes[k]);
            }
        }

        return product;
    }

    /// <summary>The integral of <see cref="Basis"/>, exact: Gauss's rule with as many points as the degree needs.</summary>
    public static double Integrate(ReadOnlySpan<double> nodes, int j, double from, double to)
    {
        var points = (nodes.Length + 1) / 2;
        var (middle, half) = ((from + to) / 2, (to - from) / 2);
        var sum = 0.0;
        for (var i = 0; i < points; i++)
        {
            var (point, weight) = GaussPoint(i, points);
            sum += weight * Basis(nodes, j, middle + (half * point));
        }

        return sum * half;
    }

    /// <summary>Root i of Legendre's polynomial of degree n by Newton's method (DLMF 18.16.10 gives the start).</summary>
    private static (double Point, double Weight) GaussPoint(int i, int n)
    {
        var x = Math.Cos(Math.PI * (i + 0.75) / (n + 0.5));
        for (var round = 0; round < 100; round++)
        {
            var (value, slope) = Legendre(n, x);
            var change = value / slope;
            x -= change;
            if (Math.Abs(change) < 1e-15)
            {
                break;
            }
        }

        var derivative = Legendre(n, x).Slope;
        return (x, 2 / ((1 - (x * x)) * derivative * derivative));
    }

    private static (double Value, double Slope) Legendre(int n, double x)
    {
        var (before, value) = (1.0, x);
        for (var k = 2; k <= n; k++)
        {
            (before, value) = (value, ((((2 * k) - 1) * x * value) - ((k - 1) * before)) / k);
        }

        return (value, n * ((x * value) - before) / ((x * x) - 1));
    }
}
