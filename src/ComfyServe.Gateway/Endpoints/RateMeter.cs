namespace ComfyServe.Gateway.Endpoints;

/// <summary>Amounts per second, smoothed over about ten seconds.</summary>
internal sealed class RateMeter
{
    private const double Span = 10;
    private double _rate;
    private double _last = double.NaN;

    /// <summary>Adds an amount that fell in since the last one.</summary>
    public void Add(double amount, double now)
    {
        if (double.IsNaN(_last))
        {
            _last = now;
            return;
        }

        var seconds = Math.Max(1e-3, now - _last);
        var keep = Math.Exp(-seconds / Span);
        _rate = (_rate * keep) + (amount / seconds * (1 - keep));
        _last = now;
    }

    /// <summary>The rate now.</summary>
    public double PerSecond(double now) => double.IsNaN(_last) ? 0 : _rate * Math.Exp(-Math.Max(0, now - _last - 1) / Span);
}
