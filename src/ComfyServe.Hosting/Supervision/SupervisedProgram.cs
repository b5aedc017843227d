namespace ComfyServe.Hosting.Supervision;

/// <summary>A program that a <see cref="Supervisor"/> keeps running: how it is started, how one sees that it is ready, and its limits.</summary>
public sealed record SupervisedProgram
{
    /// <summary>What it is called in messages, for example <c>engine</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Program and arguments; of <see cref="IsOwn"/> the arguments alone.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Whether it is a verb of this very program, which takes up the supervisor's terms by itself.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Environment variables on top of the supervisor's own; null removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Its working folder; null is the supervisor's.</summary>
    public string? Folder { get; init; }

    /// <summary>Beginning of the line on its standard output that says that it is ready; null where <see cref="Probe"/> has to tell.</summary>
    public string? ReadyLine { get; init; }

    /// <summary>URL that answers with success while it is well; null where nothing can be asked.</summary>
    public Uri? Probe { get; init; }

    /// <summary>How long it may take to become ready. Default 2 min.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long <see cref="Probe"/> may fail before a program that was ready is started again; null never does that. Default null.</summary>
    public TimeSpan? SilenceLimit { get; init; }

    /// <summary>How long it may take to end when it is asked to, before it is killed with all that it started. Default 10 s.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of memory above which it is started again; null is none of its own. Default null.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>What its lines begin with when they are passed through. Default nothing.</summary>
    public string Prefix { get; init; } = "";
}
