using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Storage;

/// <summary>A workergroup as it is stored.</summary>
internal sealed record WorkergroupRow
{
    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>Its endpoint.</summary>
    public required long EndpointId { get; init; }

    /// <summary>How its workers are made.</summary>
    public required WorkergroupParameters Parameters { get; init; }

    /// <summary>When it was made, Unix seconds.</summary>
    public required double CreatedAt { get; init; }

    /// <summary>Number of its template: workers of an older number are updated.</summary>
    public long Revision { get; init; }

    /// <summary>Who makes its workers.</summary>
    public string Provider => Parameters.Provider ?? "static";
}
