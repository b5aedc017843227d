using System.Globalization;
using ComfyServe.Engine.Nodes;

namespace ComfyServe.Engine;

/// <summary>
/// What one run may take: workflows come from strangers. Each limit has a name, under which errors speak of it and
/// <c>comfyserve engine --limit name=value</c> sets it.
/// </summary>
public sealed class RunLimits
{
    private const string Times = "seconds";
    private const string Sizes = "a number, with K, M or G for 1024, 1024² or 1024³";

    private static readonly Setting[] Settings =
    [
        new("run", Times, "how long a run may take", static (l, v) => l.Run = Seconds(v)),
        new("stuck", Times, "how long a run may go on after its end before the process gives up", static (l, v) => l.Stuck = Seconds(v)),
        new("regex", Times, "how long the regular expressions of one node may take", static (l, v) => l.Regex = Seconds(v)),
        new("pattern", Sizes, "characters of a regular expression", static (l, v) => l.Pattern = Size(v, int.MaxValue / 4)),
        new("text", Sizes, "characters of one text", static (l, v) => l.Text = Size(v, int.MaxValue / 4)),
        new("prompt", Sizes, "characters of a text that a text encoder reads", static (l, v) => l.Prompt = Size(v, int.MaxValue / 4)),
        new("list", Sizes, "values of one list", static (l, v) => l.List = Size(v, int.MaxValue / 4)),
        new("shown", Sizes, "bytes of what the nodes of a run show, which the history and messages keep", static (l, v) => l.Shown = Size(v, int.MaxValue / 4)),
        new("depth", Sizes, "how deep expansions nest", static (l, v) => l.Depth = Size(v, int.MaxValue)),
        new("nodes", Sizes, "nodes that expansions may add to a run", static (l, v) => l.Nodes = Size(v, int.MaxValue)),
        new("memory", Sizes, "bytes of memory for the process; less where there is less", static (l, v) => l.Memory = Size(v, long.MaxValue)),
        new("kept", Sizes, "bytes of results that are kept from run to run", static (l, v) => l.Kept = Size(v, long.MaxValue)),
    ];

    /// <summary>How long a run may take, whatever the request allows. Default 24 h.</summary>
    public TimeSpan Run { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a run may go on after its end, by interrupt or time, before the process gives up: it says why and ends, since a
    /// node that does not look at the interrupt holds the engine for everybody. Null: never. Default null; 60 s for <c>comfyserve engine</c>.</summary>
    public TimeSpan? Stuck { get; set; }

    /// <summary>How long the regular expressions of one node may take together; a single match at most 0.8 s of it. Default 10 s.</summary>
    public TimeSpan Regex { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most characters of a regular expression: reading one takes longer than its length says. Default 32 Ki.</summary>
    public long Pattern { get; set; } = 32 << 10;

    /// <summary>Most characters of one text. Default 16 Mi.</summary>
    public long Text { get; set; } = 16 << 20;

    /// <summary>Most characters of a text that a text encoder reads: each takes a hundred bytes and a share of a pass. Default 64 Ki.</summary>
    public long Prompt { get; set; } = 64 << 10;

    /// <summary>Most values of one list: of a node's output, of the calls that lists make, of sigmas or conditionings. Default 65,536.</summary>
    public long List { get; set; } = 1 << 16;

    /// <summary>Most bytes of JSON that the nodes of one run show; the history and the messages keep them. Default 32 MiB.</summary>
    public long Shown { get; set; } = 32 << 20;

    /// <summary>How deep expansions nest: a loop nests as deep as it runs long. Default 10,000.</summary>
    public long Depth { get; set; } = 10_000;

    /// <summary>Most nodes that expansions may add to one run. Default 100,000.</summary>
    public long Nodes { get; set; } = 100_000;

    /// <summary>Most bytes of memory that the process may take. Null: as much as its limits and the machine leave. Default null.</summary>
    public long? Memory { get; set; }

    /// <summary>Most bytes of results that are kept from run to run. Null: a quarter of the memory. Default null.</summary>
    public long? Kept { get; set; }

    /// <summary>All limits by name, with what they are.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Names => Settings.Select(s => KeyValuePair.Create(s.Name, $"{s.Meaning} ({s.Unit})"));

    /// <summary>Sets limits from texts such as <c>text=16M</c>.</summary>
    /// <exception cref="FormatException">One is no limit; the message says which and what is right.</exception>
    public RunLimits Set(IEnumerable<string> assignments)
    {
        ArgumentNullException.ThrowIfNull(assignments);
        foreach (var assignment in assignments)
        {
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            var setting = Array.Find(Settings, s => equals > 0 && s.Name == assignment[..equals])
                ?? throw new FormatException($"'{assignment}' is no limit; limits are {string.Join(", ", Settings.Select(s => $"{s.Name}=…"))}");
            try
            {
                setting.Set(this, assignment[(equals + 1)..]);
            }
            catch (Exception exception) when (exception is FormatException or OverflowException)
            {
                throw new FormatException($"limit '{setting.Name}' ({setting.Meaning}) wants {setting.Unit}, but got '{assignment[(equals + 1)..]}'", exception);
            }
        }

        return this;
    }

    /// <summary>Refuses a text before it is made.</summary>
    /// <exception cref="NodeException">It would be longer than <see cref="Text"/>.</exception>
    internal void CheckText(long length) => Check("text", length, Text, "a text", "characters");

    /// <summary>Refuses a regular expression before it is read.</summary>
    /// <exception cref="NodeException">It is longer than <see cref="Pattern"/>.</exception>
    internal void CheckPattern(long length) => Check("pattern", length, Pattern, "a regular expression", "characters");

    /// <summary>Refuses a text that a text encoder is to read.</summary>
    /// <exception cref="NodeException">It is longer than <see cref="Prompt"/>.</exception>
    internal void CheckPrompt(long length) => Check("prompt", length, Prompt, "a prompt", "characters");

    /// <summary>Refuses a list before it is made.</summary>
    /// <exception cref="NodeException">It would be longer than <see cref="List"/>.</exception>
    internal void CheckList(long count) => Check("list", count, List, "a list", "values");

    /// <summary>Refuses what nodes show.</summary>
    /// <exception cref="NodeException">It is more than <see cref="Shown"/>.</exception>
    internal void CheckShown(long bytes) => Check("shown", bytes, Shown, "what the nodes of this run show", "bytes");

    /// <summary>Refuses an expansion.</summary>
    /// <exception cref="NodeException">It is deeper than <see cref="Depth"/>, or the run has more nodes than <see cref="Nodes"/>.</exception>
    internal void CheckExpansion(long depth, long nodes)
    {
        Check("depth", depth, Depth, "the expansion", "levels");
        Check("nodes", nodes, Nodes, "the expansions of this run", "nodes");
    }

    /// <summary>The error of a limit: what, which limit, and what next.</summary>
    internal static NodeException Exceeded(string name, string what, Exception? cause = null) => new(
        "LimitExceeded", $"{what}; that is limit '{name}' of the engine: ask for less, or start the engine with --limit {name}=…", cause);

    private static void Check(string name, long value, long most, string what, string unit)
    {
        if (value > most)
        {
            throw Exceeded(name, string.Create(CultureInfo.InvariantCulture, $"{what} would have {value:N0} {unit}, and {most:N0} are allowed"));
        }
    }

    private static TimeSpan Seconds(string text) =>
        double.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) is > 0 and <= 4_000_000 and var seconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new FormatException();

    private static long Size(string text, long most)
    {
        var factor = text.Length == 0 ? 1 : text[^1] switch { 'K' or 'k' => 1L << 10, 'M' or 'm' => 1L << 20, 'G' or 'g' => 1L << 30, _ => 1 };
        var number = long.Parse(factor == 1 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture);
        var size = checked(number * factor);
        return size > 0 && size <= most ? size : throw new FormatException();
    }

    private sealed record Setting(string Name, string Unit, string Meaning, Action<RunLimits, string> Set);
}
