using ComfyServe.Hosting.Fairness;

namespace ComfyServe.Api.Jobs;

/// <summary>The jobs that are accepted and not over, within bounds: in all and for each owner.</summary>
internal sealed class JobPlaces(OwnerBounds bounds)
{
    private readonly Lock _gate = new(); // guards what follows
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Jobs accepted and not over.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a place, if there is one for this owner.</summary>
    public bool TryTake(string? owner)
    {
        lock (_gate)
        {
            if (!bounds.Allows(owner ?? "", _held))
            {
                return false;
            }

            Add(owner, 1);
            return true;
        }
    }

    /// <summary>Takes a place for a job that was accepted by an earlier process.</summary>
    public void Take(string? owner)
    {
        lock (_gate)
        {
            Add(owner, 1);
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Give(string? owner)
    {
        lock (_gate)
        {
            Add(owner, -1);
        }
    }

    /// <summary>Whether the owner's own bound is what leaves no place for it.</summary>
    public bool IsShareFull(string? owner)
    {
        lock (_gate)
        {
            return bounds.Most < bounds.Total && _held.GetValueOrDefault(owner ?? "") >= bounds.Most;
        }
    }

    /// <summary>Jobs that one owner may have.</summary>
    public int Share => bounds.Most;

    private void Add(string? owner, int change)
    {
        var held = _held.GetValueOrDefault(owner ?? "") + change;
        if (held > 0)
        {
            _held[owner ?? ""] = held;
        }
        else
        {
            _held.Remove(owner ?? "");
        }

        _count += change;
    }
}
