using System.Globalization;
using System.Text;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>What happened at an endpoint and why, in four levels of bounded size; the oldest lines go first.</summary>
internal sealed class DecisionLog(TimeProvider time)
{
    private const int Lines = 500;
    private readonly Queue<string> _state = new();
    private readonly Queue<string> _decisions = new();
    private readonly Queue<string> _workers = new();
    private readonly Queue<string> _numbers = new();

    /// <summary>A change of the endpoint or its workers that an operator wants to know of (<c>info0</c>).</summary>
    public void State(string line) => Add(_state, line);

    /// <summary>A scaling decision with its reason (<c>info1</c>).</summary>
    public void Decision(string line) => Add(_decisions, line);

    /// <summary>An event of one worker (<c>trace</c>).</summary>
    public void Worker(string line) => Add(_workers, line);

    /// <summary>The numbers behind decisions (<c>debug</c>).</summary>
    public void Numbers(string line) => Add(_numbers, line);

    /// <summary>The lines of each level, newest last, only the last <paramref name="tail"/> if given.</summary>
    public EndpointLogs Read(int? tail) => new()
    {
        Info0 = Join(_state, tail),
        Info1 = Join(_decisions, tail),
        Trace = Join(_workers, tail),
        Debug = Join(_numbers, tail),
    };

    private static string Join(Queue<string> lines, int? tail)
    {
        var text = new StringBuilder();
        foreach (var line in lines.Skip(Math.Max(0, lines.Count - Math.Clamp(tail ?? Lines, 0, Lines))))
        {
            text.Append(line).Append('\n');
        }

        return text.ToString();
    }

    private void Add(Queue<string> lines, string line)
    {
        lines.Enqueue($"{time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)} {line}");
        if (lines.Count > Lines)
        {
            lines.Dequeue();
        }
    }
}
