namespace ComfyServe.Worker.Admission;

/// <summary>A request or session that is here. Changed only by <see cref="LoadLedger"/>.</summary>
internal sealed class LoadEntry
{
    /// <summary>The request's index at the gateway.</summary>
    public required long RequestIdx { get; init; }

    /// <summary>Its load.</summary>
    public required double Cost { get; init; }

    /// <summary>Whether it waits or runs for itself, belongs to a session, or is a session.</summary>
    public required LoadKind Kind { get; init; }

    /// <summary>When it came, Unix seconds.</summary>
    public required double EnteredAt { get; init; }

    /// <summary>What its client was answered.</summary>
    public AnswerNote Answer { get; } = new();

    /// <summary>When its work began, Unix seconds; 0 until then.</summary>
    public double StartedAt { get; set; }
}
