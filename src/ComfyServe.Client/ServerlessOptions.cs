namespace ComfyServe.Client;

/// <summary>Settings of a <see cref="Serverless"/> client.</summary>
public sealed class ServerlessOptions
{
    /// <summary>The account or endpoint key. Default: environment variable <c>COMFYSERVE_API_KEY</c>, else <c>VAST_API_KEY</c>.</summary>
    public string? ApiKey { get; set; } = FromEnvironment("COMFYSERVE_API_KEY") ?? FromEnvironment("VAST_API_KEY");

    /// <summary>The gateway. Default: environment variable <c>COMFYSERVE_GATEWAY</c>, else <c>http://localhost:8080</c>.</summary>
    public Uri Gateway { get; set; } = new(FromEnvironment("COMFYSERVE_GATEWAY") ?? "http://localhost:8080");

    /// <summary>How long one call to a worker may take. Default 10 minutes.</summary>
    public TimeSpan WorkerTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest pause between two questions for a worker while all are busy. Default 5 s.</summary>
    public TimeSpan MaxPollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a request goes to another worker after a transient failure. Default 10.</summary>
    public int MaxRetries { get; set; } = 10;

    /// <summary>The clock of pauses and time limits.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Spreads the pauses of many clients.</summary>
    public Random Random { get; set; } = new();

    /// <summary>Sends the calls; for tests and for proxies. Default: one with a pool of connections.</summary>
    public HttpMessageHandler? Handler { get; set; }

    private static string? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
