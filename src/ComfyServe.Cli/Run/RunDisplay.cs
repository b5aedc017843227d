using System.Text.Json.Nodes;
using Spectre.Console;

namespace ComfyServe.Cli.Run;

/// <summary>Shows a run on standard error: a bar that is redrawn on a terminal, one line per node elsewhere, nothing with <c>--json</c>.</summary>
internal sealed class RunDisplay : IDisposable
{
    private const int Width = 30;
    private readonly JsonObject _graph;
    private readonly bool _quiet;
    private readonly bool _redraws;
    private string? _node;
    private string _shown = "";

    private RunDisplay(JsonObject graph, bool quiet, bool redraws) => (_graph, _quiet, _redraws) = (graph, quiet, redraws);

    /// <summary>Creates the display that fits the terminal.</summary>
    public static RunDisplay Create(JsonObject graph, bool quiet) => new(graph, quiet, !Console.IsErrorRedirected && AnsiConsole.Profile.Capabilities.Ansi);

    /// <summary>Shows an event.</summary>
    public void Show(RunEvent found)
    {
        if (_quiet || found.NodeId is not { } node)
        {
            return;
        }

        if (_redraws)
        {
            Redraw(Line(found));
        }
        else if (node != _node)
        {
            Console.Error.WriteLine($"{found.Percentage ?? 0,3:0} %  {Name(node)}");
        }

        _node = node;
    }

    /// <summary>Leaves the last line of the bar standing.</summary>
    public void Finish()
    {
        if (_shown.Length > 0)
        {
            Redraw(Line(new RunEvent { Percentage = 100 }));
            Console.Error.WriteLine();
            _shown = "";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_shown.Length > 0)
        {
            Console.Error.WriteLine();
        }
    }

    private string Line(RunEvent progress)
    {
        var share = Math.Clamp(progress.Percentage ?? 0, 0, 100);
        var filled = (int)Math.Round(share / 100 * Width);
        var steps = progress is { Value: { } value, Max: > 1 and { } max } ? $" step {value:0}/{max:0}" : "";
        var node = progress.NodeId is { } id ? $"  {Name(id)}{steps}" : "";
        return $"{new string('━', filled)}{new string('·', Width - filled)} {share,3:0} %{node}";
    }

    private string Name(string id) =>
        _graph[id]?["_meta"]?["title"]?.ToString() is { Length: > 0 } title ? $"{title} ({id})" : $"{_graph[id]?["class_type"]} ({id})";

    private void Redraw(string line)
    {
        if (line == _shown)
        {
            return;
        }

        Console.Error.Write($"\r{line.PadRight(_shown.Length)}");
        _shown = line;
    }
}
