using ComfyServe.Engine.Nodes;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>Compares the denoised latents of each step with <c>stepN.x0</c> of a recording, where there is one.</summary>
internal sealed class RecordedSteps(RecordedTensors golden, string prefix, double tolerance) : INodeProgress
{
    public List<string> Wrong { get; } = [];

    public void Step(string nodeId, long value, long max, torch.Tensor? denoised)
    {
        var name = $"{prefix}step{value - 1}.x0";
        if (golden.Has(name) && RecordedTensors.Error(golden[name], denoised!) is var error && !(error <= tolerance))
        {
            Wrong.Add($"{name}: relative error {error:E2}");
        }
    }

    public void Text(string nodeId, string text)
    {
    }
}
