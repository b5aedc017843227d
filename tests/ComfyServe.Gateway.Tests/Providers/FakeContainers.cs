using System.Diagnostics;

namespace ComfyServe.Gateway.Tests.Providers;

/// <summary>Stands in for a container runtime: a container is a process on this machine.</summary>
internal sealed class FakeContainers : IDisposable
{
    private readonly Dictionary<string, Container> _byName = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Notes a container without starting it; false where its name is taken.</summary>
    public bool Add(string name, IEnumerable<string> words, IReadOnlyDictionary<string, string> variables)
    {
        lock (_gate)
        {
            return _byName.TryAdd(name, new Container([.. words], variables));
        }
    }

    /// <summary>Starts it if it does not run; false if it does.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public bool Start(string name)
    {
        lock (_gate)
        {
            var container = _byName[name];
            if (container.Process is { HasExited: false })
            {
                return false;
            }

            var start = new ProcessStartInfo(container.Words[0], container.Words[1..]);
            foreach (var (key, value) in container.Variables)
            {
                start.Environment[key] = value;
            }

            container.Process = Process.Start(start);
            return true;
        }
    }

    /// <summary>Ends its process; false if it has none.</summary>
    public bool Stop(string name)
    {
        lock (_gate)
        {
            if (!_byName.TryGetValue(name, out var container) || container.Process is null or { HasExited: true })
            {
                return false;
            }

            container.Process.Kill(entireProcessTree: true);
            container.Process.WaitForExit();
            return true;
        }
    }

    /// <summary>Ends and forgets it; false if it is not known.</summary>
    public bool Remove(string name)
    {
        Stop(name);
        lock (_gate)
        {
            return _byName.Remove(name);
        }
    }

    /// <summary>Whether it runs; null if it is not known.</summary>
    public bool? Runs(string name)
    {
        lock (_gate)
        {
            return _byName.TryGetValue(name, out var container) ? container.Process is { HasExited: false } : null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var name in _byName.Keys.ToList())
        {
            Remove(name);
        }
    }

    private sealed class Container(string[] words, IReadOnlyDictionary<string, string> variables)
    {
        public string[] Words { get; } = words;

        public IReadOnlyDictionary<string, string> Variables { get; } = variables;

        public Process? Process { get; set; }
    }
}
