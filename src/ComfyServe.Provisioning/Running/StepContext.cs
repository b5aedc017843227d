using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Running;

/// <summary>What every step of a run has at hand.</summary>
internal sealed record StepContext
{
    /// <summary>Settings.</summary>
    public required ProvisioningOptions Options { get; init; }

    /// <summary>Folders.</summary>
    public required DataPaths Paths { get; init; }

    /// <summary>What was done before.</summary>
    public required StepMemory Memory { get; init; }

    /// <summary>Starts programs.</summary>
    public required ProcessRunner Processes { get; init; }

    /// <summary>Fetches small documents.</summary>
    public required DocumentSource Documents { get; init; }

    /// <summary>Variables for the programs.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Whether something was done with this content, and is not to be done again.</summary>
    public bool IsDone(string key, string hash) => !Options.Force && Memory.IsDone(key, hash);

    /// <summary>A program with the standard timeout and the run's variables, in the data folder.</summary>
    public ProcessCommand Command(string program, params IReadOnlyList<string> arguments) => new(program, arguments)
    {
        Folder = Directory.Exists(Paths.Data) ? Paths.Data : "/",
        Timeout = Options.CommandTimeout,
        Environment = Environment,
    };
}
