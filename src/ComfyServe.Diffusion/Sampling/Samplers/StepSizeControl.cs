namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>A PID controller on the inverse of the error. Söderlind 2003, "Digital filters in adaptive time-stepping".</summary>
internal sealed class StepSizeControl
{
    private const double Epsilon = 1e-8;
    private readonly double _safety;
    private readonly double[] _exponents;
    private double[]? _inverseErrors;

    public StepSizeControl(DpmAdaptiveOptions options)
    {
        // With noise the solver's order is lower than it looks.
        var order = options.Eta > 0 ? 1.5 : options.Order;
        _safety = options.AcceptSafety;
        StepSize = Math.Abs(options.FirstStep);
        _exponents =
        [
            (options.Proportional + options.Integral + options.Derivative) / order,
            -(options.Proportional + (2 * options.Derivative)) / order,
            options.Derivative / order,
        ];
    }

    /// <summary>The width of the next step.</summary>
    public double StepSize { get; private set; }

    /// <summary>Judges a step by its error and adapts the width.</summary>
    public bool Accepts(double error)
    {
        var inverse = 1 / (error + Epsilon);
        _inverseErrors ??= [inverse, inverse, inverse];
        _inverseErrors[0] = inverse;
        var product = 1.0;
        for (var k = 0; k < _exponents.Length; k++)
        {
            product *= Math.Pow(_inverseErrors[k], _exponents[k]);
        }

        // Limits how fast the width changes.
        var factor = 1 + Math.Atan(product - 1);
        var accepted = factor >= _safety;
        if (accepted)
        {
            _inverseErrors[2] = _inverseErrors[1];
            _inverseErrors[1] = _inverseErrors[0];
        }

        StepSize *= factor;
        return accepted;
    }
}
