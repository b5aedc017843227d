using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Http;

/// <summary>A node that runs until it is interrupted.</summary>
internal static class WaitingNode
{
    [Node("TestWait")]
    public static ImageBatch Wait(NodeContext context)
    {
        context.Progress(1, 2);
        _ = context.Interrupted.WaitHandle.WaitOne(TestSocket.Patience);
        context.Progress(2, 2);
        return new ImageBatch(torch.zeros(1, 1, 1, 3));
    }

    [Node("TestSteps", IsOutput = true)]
    public static Ui Steps(NodeContext context)
    {
        using var latents = torch.zeros(1, 4, 2, 4);
        context.Progress(1, 2, latents);
        context.Progress(2, 2, latents);
        context.ShowText("done");
        return new Ui().Add("text", "done");
    }
}
