using System.Globalization;
using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>
/// How a worker serves, by what came of its requests and not by its own word: one that reports well may drop its connections, or have a
/// dead engine. It then gets fewer requests, never none: those that it gets show when it is well again. No news for long is good news.
/// </summary>
internal sealed class WorkerHealth
{
    private const double Weight = 0.2;
    private const double Trusted = 0.85;
    private const double Troubled = 0.6;
    private const double LeastShare = 0.05;
    private const double HalfLife = 60;
    private double _health = 1;
    private double _at;
    private int _failures;
    private string _reason = "";

    /// <summary>Part of its speed that routing counts on.</summary>
    public double Share(double now) => Now(now) is var health && health >= Trusted ? 1 : Math.Max(LeastShare, health * health);

    /// <summary>Whether it is worth telling.</summary>
    public bool IsInTrouble(double now) => Now(now) < Troubled;

    /// <summary>What is wrong, for people; null when nothing is.</summary>
    public string? Trouble(double now) => IsInTrouble(now)
        ? string.Create(CultureInfo.InvariantCulture, $"{_failures} requests in a row or nearly so failed at it, the last one: {_reason}")
        : null;

    /// <summary>A request of its ended.</summary>
    public void Ended(EndedWork work, double now)
    {
        var well = work.Kind == EndKind.Success;
        if (!well && work.Kind is not (EndKind.Failed or EndKind.Unreached))
        {
            return;
        }

        var health = Now(now);
        (_health, _at) = (health + (((well ? 1 : 0) - health) * Weight), now);
        if (!well)
        {
            _failures++;
            _reason = work.Reason ?? (work.Status > 0 ? string.Create(CultureInfo.InvariantCulture, $"it answered {work.Status}") : "it said so");
        }
        else if (_health >= Troubled)
        {
            _failures = 0;
        }
    }

    /// <summary>A new process of its was started.</summary>
    public void Forget() => (_health, _failures) = (1, 0);

    private double Now(double now) => 1 - ((1 - _health) * Math.Pow(0.5, Math.Max(0, now - _at) / HalfLife));
}
