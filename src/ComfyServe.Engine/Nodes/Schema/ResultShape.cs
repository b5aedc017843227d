namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>How a method's return value splits into outputs and what it shows.</summary>
/// <param name="Outputs">For each output, its place in the tuple; empty for none.</param>
/// <param name="Ui">The place of the <see cref="Values.Ui"/>, or −1.</param>
/// <param name="IsTuple">The return value is a tuple; otherwise it is the only part.</param>
internal sealed record ResultShape(IReadOnlyList<int> Outputs, int Ui, bool IsTuple);
