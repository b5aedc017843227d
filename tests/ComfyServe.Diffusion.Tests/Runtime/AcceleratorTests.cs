using ComfyServe.Diffusion.Runtime;
using TorchSharp;

namespace ComfyServe.Diffusion.Tests.Runtime;

public sealed class AcceleratorTests
{
    [Fact]
    public void BuiltFor_ThisBuild_IsTheProcessorAndItsFormatsAreUsed()
    {
        Assert.Equal("cpu", Accelerator.BuiltFor);
        Assert.False(Accelerator.IsThere());
        Assert.Equal(DeviceType.CPU, ComputeFormats.ForThisMachine(new KernelVerdicts()).DeviceType);
    }
}
