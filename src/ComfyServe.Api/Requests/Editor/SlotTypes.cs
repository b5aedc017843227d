namespace ComfyServe.Api.Requests.Editor;

/// <summary>The editor's rule of which types may be connected.</summary>
internal static class SlotTypes
{
    /// <summary>Whether a type takes and gives anything.</summary>
    public static bool IsAny(string type) => type is "" or "*" or "0";

    /// <summary>Whether an output of one type may lead to an input of the other: equal but for case, or with a member in common where one lists several.</summary>
    public static bool Fit(string one, string other)
    {
        if (IsAny(one) || IsAny(other) || one.Equals(other, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return (one.Contains(',') || other.Contains(','))
            && one.Split(',').Any(a => other.Split(',').Any(b => IsAny(a) || IsAny(b) || a.Equals(b, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The place of the input that a bypassed node passes on as one of its outputs; -1 where there is none.</summary>
    /// <param name="inputs">The node's sockets.</param>
    /// <param name="slot">Place of the output.</param>
    /// <param name="output">Type of the output.</param>
    /// <param name="wanted">Type of the input at the connection's end.</param>
    public static int Bypass(IReadOnlyList<EditorInput> inputs, int slot, string output, string wanted)
    {
        if (IsAny(wanted))
        {
            return slot < inputs.Count ? slot : inputs.Count > 0 ? 0 : -1;
        }

        if (slot < inputs.Count && Passes(inputs[slot]))
        {
            return slot;
        }

        var exact = IndexOf(inputs, i => i.Type == wanted);
        return exact >= 0 ? exact : IndexOf(inputs, Passes);

        bool Passes(EditorInput input) => Fit(input.Type, output) && Fit(input.Type, wanted);
    }

    private static int IndexOf(IReadOnlyList<EditorInput> inputs, Func<EditorInput, bool> condition)
    {
        for (var i = 0; i < inputs.Count; i++)
        {
            if (condition(inputs[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
