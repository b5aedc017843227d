using ComfyServe.Api.Engines;
using ComfyServe.Api.Inputs;
using ComfyServe.Api.Keys;
using ComfyServe.Api.Webhooks;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Fairness;

namespace ComfyServe.Api;

/// <summary>Settings of the API service.</summary>
public sealed class ApiOptions
{
    /// <summary>Address to listen on. Default 127.0.0.1.</summary>
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>Port to listen on; 0 takes a free one. Default 18288.</summary>
    public int Port { get; set; } = 18288;

    /// <summary>Base URLs of the engines, without a slash at the end. Default http://127.0.0.1:8188.</summary>
    public IReadOnlyList<string> Engines { get; set; } = ["http://127.0.0.1:8188"];

    /// <summary>ComfyUI's folder on the machine of the engines, for <c>local_path</c>; null asks each engine. Default null.</summary>
    public string? EngineFolder { get; set; }

    /// <summary>Folder for stored outputs, the ledger and caches. Default <c>data/api</c> in the working folder.</summary>
    public string DataFolder { get; set; } = Path.Combine("data", "api");

    /// <summary>Scheme, host and port under which callers reach the service; null takes what each request says.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Whether results carry <c>comfyui_response</c> unless a request's header says otherwise. Default true.</summary>
    public bool IncludeComfyResponse { get; set; } = true;

    /// <summary>Jobs that may wait, beyond the one that each engine runs. Default 100.</summary>
    public int MaxQueueSize { get; set; } = 100;

    /// <summary>How long a finished job's result is kept. Default 6 h.</summary>
    public TimeSpan ResultLifetime { get; set; } = TimeSpan.FromSeconds(21600);

    /// <summary>PostgreSQL connection string of the ledger; null keeps it in SQLite below the data folder.</summary>
    public string? LedgerPostgres { get; set; }

    /// <summary>32 bytes that seal what the ledger holds; null makes and keeps a key below the data folder. Services that share a PostgreSQL need the same.</summary>
    public ReadOnlyMemory<byte>? LedgerKey { get; set; }

    /// <summary>How long jobs may go on when the service is asked to stop; what is left is taken up by the next start. Default 10 s.</summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest request body, bytes. Default 100 MiB.</summary>
    public long MaxBodyBytes { get; set; } = 100L << 20;

    /// <summary>Connections at the same time; when one more comes, the longest idle one is closed. Default 4,000.</summary>
    public int MaxConnections { get; set; } = 4_000;

    /// <summary>Largest output that is returned as base64, bytes. Default 10 MiB.</summary>
    public long OutputBase64MaxBytes { get; set; } = 10_485_760;

    /// <summary>How long a signed URL of an output is good for. Default 7 days.</summary>
    public TimeSpan UrlLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Longest time that a caller may choose for signed URLs. Default 7 days, which is S3's own limit.</summary>
    public TimeSpan MaxUrlLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a job may be without an engine that executes it; callers may ask for less. Default 1 day.</summary>
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long storing a job's outputs may take; callers may ask for less. Default 1 h.</summary>
    public TimeSpan UploadTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Consecutive failures to reach an engine after which it gets no work for a while. Default 3.</summary>
    public int BackendFailureThreshold { get; set; } = 3;

    /// <summary>Silence after which a stream sends a comment, so that nobody between takes it for dead. Default 15 s.</summary>
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Hosts, addresses and networks (CIDR) that may be called for a caller although they are not on the public internet; <c>*</c> opens all. Default none.</summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>Limits of the files that requests bring along.</summary>
    public InputOptions Inputs { get; set; } = new();

    /// <summary>Object store of requests that bring none; without keys and bucket outputs go to the embedded store.</summary>
    public S3Target S3 { get; set; } = new();

    /// <summary>Keys of outputs: <c>{request_id}</c>, <c>{filename}</c>, <c>{node_id}</c>, <c>{date}</c>. Default <c>{request_id}/{filename}</c>.</summary>
    public string OutputKeyTemplate { get; set; } = "{request_id}/{filename}";

    /// <summary>Keys that callers must show; none serves everybody, which is refused on other addresses than loopback. Default none.</summary>
    public IReadOnlyList<ApiKey> ApiKeys { get; set; } = [];

    /// <summary>Percent of what keys share (waiting jobs, fetches, uploads, deliveries) that one of them may take, where there are several. Default 50.</summary>
    public int OwnerShare { get; set; } = 50;

    /// <summary>Names under which the service answers, besides those of this machine and that of <see cref="PublicUrl"/>, where it asks for no keys; without port,
    /// <c>*.example.org</c> and <c>*</c> stand for many. Default none.</summary>
    public IReadOnlyList<string> ServedHosts { get; set; } = [];

    /// <summary>Whether to serve everybody on any address. Default false.</summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>Whether workflows are checked against the engine's nodes before they are queued. Default true.</summary>
    public bool ChecksWorkflows { get; set; } = true;

    /// <summary>Folder of workflow templates; null looks in <c>templates</c> below the data folder.</summary>
    public string? TemplatesFolder { get; set; }

    /// <summary>Webhooks that this service calls.</summary>
    public WebhookOptions Webhook { get; set; } = new();

    /// <summary>Who keeps the engines running; null where nobody tells. Default null.</summary>
    public IEngineKeeper? Keeper { get; set; }

    /// <summary>How patient the service is with an engine.</summary>
    public EngineTimes Times { get; set; } = new();

    /// <summary>How the owners of keys share a bound of so many places.</summary>
    internal OwnerBounds BoundsOf(int total) => new(total, OwnerShare, Math.Max(1, ApiKeys.Where(static k => k.MayRun).Select(static k => k.Name).Distinct(StringComparer.Ordinal).Count()));
}
