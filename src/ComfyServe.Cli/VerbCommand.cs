using System.CommandLine;

namespace ComfyServe.Cli;

/// <summary>A verb with the examples that its help page shows.</summary>
internal sealed class VerbCommand(string name, string description, IReadOnlyList<string> examples) : Command(name, description)
{
    /// <summary>Whole command lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
