using ComfyServe.Jobs.Deliveries;

namespace ComfyServe.Api.Jobs.Durable;

/// <summary>Composes the webhooks that go out about the end of a job; they are written together with it.</summary>
internal interface IDeliveryComposer
{
    /// <summary>The deliveries, often none.</summary>
    IReadOnlyList<NewDelivery> Compose(string id, JobRequest request, JobSnapshot last);
}
