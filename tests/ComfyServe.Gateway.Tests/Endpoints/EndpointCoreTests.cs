using ComfyServe.Autoscaling;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Storage;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Gateway.Tests.Endpoints;

public sealed class EndpointCoreTests
{
    [Fact]
    public void KeepChanges_StoreWasAway_TheyAreThereTheNextTime()
    {
        var row = new EndpointRow { Id = 1, Name = "e", State = EndpointState.Active, Parameters = new ScalingParameters(), CreatedAt = 0 };
        var core = new EndpointCore(row, new LivenessLimits(), new DecisionLog(new FakeTimeProvider()));
        core.Add(new WorkerRow { Id = 1, EndpointId = 1, Phase = "Created" }, 0);
        core.Add(new WorkerRow { Id = 2, EndpointId = 1, Phase = "Created" }, 0);
        core.Remove(2, 0);
        var (saved, removed) = core.TakeChanges();

        core.KeepChanges(saved, removed);

        var again = core.TakeChanges();
        Assert.Equal([1], again.Saved.Select(r => r.Id));
        Assert.Equal([2], again.Removed);
        Assert.Empty(core.TakeChanges().Removed);
    }
}
