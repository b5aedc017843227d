using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Engines;

/// <summary>One engine: how to talk to it, and whether it is fit for work.</summary>
internal sealed class Engine
{
    private readonly EngineHealth _health;

    public Engine(string baseUrl, HttpClient http, EngineTimes times, int failureThreshold, TimeProvider time, ILogger logger)
    {
        BaseUrl = baseUrl;
        var url = new Uri(baseUrl);
        Name = url.Authority + (url.AbsolutePath == "/" ? "" : url.AbsolutePath);
        Client = new(http, baseUrl, times, time);
        var scheme = url.Scheme == Uri.UriSchemeHttps ? "wss" : "ws";
        Socket = new(new Uri($"{scheme}://{Name}/ws"), Name, times, time, logger);
        _health = new(failureThreshold, time);
    }

    /// <summary>Base URL without a slash at the end.</summary>
    public string BaseUrl { get; }

    /// <summary>Host, port and path: the base URL without anything secret.</summary>
    public string Name { get; }

    /// <summary>Its HTTP API.</summary>
    public EngineClient Client { get; }

    /// <summary>Its socket.</summary>
    public EngineSocket Socket { get; }

    /// <summary>Failures, and whether it is shut out.</summary>
    public EngineHealth Health => _health;

    /// <summary>Who keeps it running, where that is known.</summary>
    public IEngineKeeper? Keeper { get; init; }

    /// <summary>Why it is away although it will be back, or null.</summary>
    public string? WhyAway => Keeper?.WhyAway(BaseUrl);

    /// <summary>How its process ended last, or null.</summary>
    public string? LastEnd => Keeper?.LastEnd(BaseUrl);

    /// <summary>Runs given to it and not ended; guarded by the pool.</summary>
    public int Running { get; set; }

    /// <summary>Whether it may get work now.</summary>
    public bool IsAvailable => Socket.IsConnected && Health.IsClosed;
}
