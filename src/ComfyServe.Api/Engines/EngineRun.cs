using System.Text.Json;
using ComfyServe.Api.Owners;
using ComfyServe.Hosting;

namespace ComfyServe.Api.Engines;

/// <summary>What the socket tells about one run. The socket's loop writes; the runner reads after <see cref="Signal"/>.</summary>
internal sealed class EngineRun(string promptId, int nodeCount, IRunObserver observer, TimeProvider time)
{
    /// <summary>Progress updates kept for the result; a run with more keeps the newest.</summary>
    internal const int MaxUpdates = 4096;

    private readonly Lock _gate = new(); // guards the collections
    private readonly List<string> _nodes = [];
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly Queue<RunProgress> _progress = new();
    private readonly List<NodeStart> _starts = [];
    private readonly long _began = time.GetTimestamp();
    private readonly Dictionary<string, JsonElement> _shown = new(StringComparer.Ordinal);
    private long _lastHeard = time.GetTimestamp();
    private long _started = time.GetTimestamp();
    private volatile bool _hasBegun;
    private string? _current;

    /// <summary>Id that the engine knows the run by.</summary>
    public string PromptId { get; } = promptId;

    /// <summary>Set when the facts are worth a look: the run ended, or the socket was lost or restored.</summary>
    public AsyncSignal Signal { get; } = new(time);

    /// <summary>Whether the engine said that the run ended.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether every node came from the engine's cache.</summary>
    public bool AllCached { get; private set; }

    /// <summary>How long nothing was heard about this run.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _lastHeard));

    /// <summary>Ids of cached and executed nodes in order of arrival.</summary>
    public IReadOnlyList<string> Nodes
    {
        get
        {
            lock (_gate)
            {
                return [.. _nodes];
            }
        }
    }

    /// <summary>Steps in order of arrival.</summary>
    public IReadOnlyList<RunProgress> Progress
    {
        get
        {
            lock (_gate)
            {
                return [.. _progress];
            }
        }
    }

    /// <summary>When nodes began, in order.</summary>
    public IReadOnlyList<NodeStart> Starts
    {
        get
        {
            lock (_gate)
            {
                return [.. _starts];
            }
        }
    }

    /// <summary>What a node showed according to the socket, for engines whose history omits cached outputs.</summary>
    public IReadOnlyDictionary<string, JsonElement> Shown
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<string, JsonElement>(_shown, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Whether the engine executes the run, as far as is known.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>How long execution may take, where less than the service's own limit is wanted.</summary>
    public TimeSpan? Limit => observer.RunLimit;

    /// <summary>The files of its owner, where callers show keys.</summary>
    public OwnerFiles? Files => observer.Files;

    /// <summary>How long the run executes, or waits where it has not begun.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(Volatile.Read(ref _started));

    public void OnStarted()
    {
        Heard();
        Volatile.Write(ref _started, time.GetTimestamp());
        _hasBegun = true;
        observer.OnStarted();
    }

    public void OnCached(IReadOnlyCollection<string> nodes)
    {
        Heard();
        lock (_gate)
        {
            _nodes.AddRange(nodes);
            _done.UnionWith(nodes);
            AllCached = nodes.Count > 0 && nodes.Count >= nodeCount;
        }
    }

    public void OnExecuting(string nodeId)
    {
        Heard();
        double fraction;
        lock (_gate)
        {
            Finish(_current);
            _current = nodeId;
            _nodes.Add(nodeId);
            if (_starts.Count < MaxUpdates)
            {
                _starts.Add(new(nodeId, time.GetUtcNow()));
            }

            fraction = Fraction(0);
        }

        observer.OnNode(nodeId, fraction);
    }

    public void OnProgress(string nodeId, double value, double max)
    {
        Heard();
        double fraction;
        lock (_gate)
        {
            if (_progress.Count == MaxUpdates)
            {
                _progress.Dequeue();
            }

            _progress.Enqueue(new(time.GetElapsedTime(_began).TotalSeconds, value, max));
            fraction = Fraction(max > 0 ? Math.Clamp(value / max, 0, 1) : 0);
        }

        observer.OnProgress(nodeId, value, max, fraction);
    }

    public void OnExecuted(string nodeId, JsonElement output)
    {
        Heard();
        lock (_gate)
        {
            Finish(nodeId);
            if (output.ValueKind == JsonValueKind.Object)
            {
                _shown[nodeId] = output.Clone();
            }
        }
    }

    public void OnPreview(string nodeId, string mediaType, ReadOnlySpan<byte> image)
    {
        Heard();
        observer.OnPreview(nodeId, mediaType, image);
    }

    /// <summary>The engine is through with the run, well or not; its history says which.</summary>
    public void OnEnded()
    {
        Heard();
        Ended = true;
        Signal.Set();
    }

    private void Heard() => Volatile.Write(ref _lastHeard, time.GetTimestamp());

    private void Finish(string? nodeId)
    {
        if (nodeId is not null)
        {
            _done.Add(nodeId);
        }
    }

    private double Fraction(double ofCurrent) => nodeCount == 0 ? 0 : Math.Min(1, (_done.Count + ofCurrent) / nodeCount);
}
