namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>The linear system R·ρ = b of one UniPC update. Zhao et al. 2023, equations 7 and 9.</summary>
internal sealed class UniPcSystem
{
    private readonly double[] _right;

    public UniPcSystem(UniPcHistory known, int order, double h, bool exponential)
    {
        var z = -h;
        Width = exponential ? ExponentialIntegral.ExpMinusOne(z) : z;
        Ratios = [.. Enumerable.Range(1, order - 1).Select(k => (known.Time(k).Lambda - known.Time(0).Lambda) / h), 1];
        _right = new double[order];
        var phi = ExponentialIntegral.Phi1(z) - 1;
        var factorial = 1.0;
        for (var i = 0; i < order; i++)
        {
            _right[i] = phi * factorial / Width;
            factorial *= i + 2;
            phi = (phi / z) - (1 / factorial);
        }
    }

    /// <summary>B(h).</summary>
    public double Width { get; }

    /// <summary>r_k: where the older estimates lie, in steps; 1 for the new point.</summary>
    public double[] Ratios { get; }

    /// <summary>Weights of the differences in the predictor, one less than the order.</summary>
    public double[] Predictor() => Ratios.Length == 2 ? [0.5] : Solve(Ratios.Length - 1);

    /// <summary>Weights of the differences and of the new estimate in the corrector.</summary>
    public double[] Corrector() => Ratios.Length == 1 ? [0.5] : Solve(Ratios.Length);

    private double[] Solve(int size)
    {
        var matrix = new double[size, size];
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < size; column++)
            {
                matrix[row, column] = Math.Pow(Ratios[column], row);
            }
        }

        return LinearSystem.Solve(matrix, _right[..size]);
    }
}
