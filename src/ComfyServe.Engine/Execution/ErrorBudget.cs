namespace ComfyServe.Engine.Execution;

/// <summary>How many more mistakes of a prompt are written down: each repeats the value and the input's configuration, and a
/// prompt may have as many as it has nodes.</summary>
/// <param name="most">Mistakes to write down.</param>
internal sealed class ErrorBudget(int most)
{
    private int _left = most;

    /// <summary>Mistakes that were found and not written down.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Takes the place of one mistake; false where there is none left, and it counts as left out.</summary>
    public bool TryTake()
    {
        if (_left > 0)
        {
            _left--;
            return true;
        }

        LeftOut++;
        return false;
    }

    /// <summary>Gives the places of mistakes back that are replaced by another.</summary>
    public void GiveBack(int count) => _left += count;
}
