namespace ComfyServe.Gateway.Storage;

/// <summary>A gateway as a member of the cluster, as it is stored.</summary>
internal sealed record SiloRow
{
    /// <summary>Its state, a number of <see cref="SiloStatus"/>.</summary>
    public required int Status { get; init; }

    /// <summary>Its port for clients of the cluster; 0 for none.</summary>
    public required int ProxyPort { get; init; }

    /// <summary>Its host.</summary>
    public required string HostName { get; init; }

    /// <summary>Its name.</summary>
    public required string SiloName { get; init; }

    /// <summary>When it started, ticks.</summary>
    public required long StartTime { get; init; }

    /// <summary>Who took it for dead and when: address and ticks.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Suspicions { get; init; }

    /// <summary>What is stored of an entry.</summary>
    public static SiloRow Of(MembershipEntry entry) => new()
    {
        Status = (int)entry.Status,
        ProxyPort = entry.ProxyPort,
        HostName = entry.HostName ?? "",
        SiloName = entry.SiloName ?? "",
        StartTime = entry.StartTime.Ticks,
        Suspicions = [.. (entry.SuspectTimes ?? []).Select(s => KeyValuePair.Create(s.Item1.ToParsableString(), s.Item2.Ticks))],
    };

    /// <summary>The entry.</summary>
    public MembershipEntry Entry(string address, long aliveAt) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(address),
        Status = (SiloStatus)Status,
        ProxyPort = ProxyPort,
        HostName = HostName,
        SiloName = SiloName,
        RoleName = "",
        StartTime = new DateTime(StartTime, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(aliveAt, DateTimeKind.Utc),
        SuspectTimes = [.. Suspicions.Select(s => Tuple.Create(SiloAddress.FromParsableString(s.Key), new DateTime(s.Value, DateTimeKind.Utc)))],
    };
}
