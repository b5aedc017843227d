using ComfyServe.Autoscaling;

namespace ComfyServe.Gateway.Storage;

/// <summary>An endpoint as it is stored.</summary>
internal sealed record EndpointRow
{
    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>Its name, unique.</summary>
    public required string Name { get; init; }

    /// <summary>Active, suspended or stopped.</summary>
    public required EndpointState State { get; init; }

    /// <summary>Its scaling parameters.</summary>
    public required ScalingParameters Parameters { get; init; }

    /// <summary>When it was made, Unix seconds.</summary>
    public required double CreatedAt { get; init; }

    /// <summary>Number of its key: a new number makes a new key and the old one useless.</summary>
    public long KeyNumber { get; init; }
}
