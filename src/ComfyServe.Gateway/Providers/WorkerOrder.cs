namespace ComfyServe.Gateway.Providers;

/// <summary>A worker that a provider is to make, start or stop: everything that its process needs to know.</summary>
internal sealed record WorkerOrder
{
    /// <summary>The worker's id: the same order again means the same worker.</summary>
    public required long WorkerId { get; init; }

    /// <summary>Its token.</summary>
    public required string Token { get; init; }

    /// <summary>Its endpoint's name.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Its workergroup.</summary>
    public required long GroupId { get; init; }

    /// <summary>Where it reports.</summary>
    public required string ReportAddress { get; init; }

    /// <summary>The workergroup's template, if it has one.</summary>
    public string? Template { get; init; }

    /// <summary>Arguments for its program.</summary>
    public string? LaunchArguments { get; init; }

    /// <summary>The provider's settings of the workergroup.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The account's own variables, when a worker is to be started; secrets among them.</summary>
    public IReadOnlyDictionary<string, string> AccountVariables { get; init; } = new Dictionary<string, string>();

    /// <summary>Environment variables that the original's worker and ours read, above the account's.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>(AccountVariables)
    {
        ["CONTAINER_ID"] = WorkerId.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["MASTER_TOKEN"] = Token,
        ["REPORT_ADDR"] = ReportAddress,
        ["COMFYSERVE_ENDPOINT"] = Endpoint,
        ["COMFYSERVE_TEMPLATE_VERSION"] = Template ?? "",
        ["SERVERLESS"] = "true",
    };
}
