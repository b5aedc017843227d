using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Source-generated JSON for the serverless wire types. Absent members are left out, numbers may come as texts.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString,
    PropertyNameCaseInsensitive = false)]
[JsonSerializable(typeof(RouteRequest))]
[JsonSerializable(typeof(RouteAnswer))]
[JsonSerializable(typeof(AuthData))]
[JsonSerializable(typeof(WorkerRequest))]
[JsonSerializable(typeof(WorkerStatus))]
[JsonSerializable(typeof(WorkerStatusAnswer))]
[JsonSerializable(typeof(DeleteRequests))]
[JsonSerializable(typeof(WorkerView))]
[JsonSerializable(typeof(IReadOnlyList<WorkerView>))]
[JsonSerializable(typeof(EndpointParameters))]
[JsonSerializable(typeof(EndpointView))]
[JsonSerializable(typeof(EndpointList))]
[JsonSerializable(typeof(EndpointAnswer))]
[JsonSerializable(typeof(WorkergroupParameters))]
[JsonSerializable(typeof(WorkergroupView))]
[JsonSerializable(typeof(WorkergroupList))]
[JsonSerializable(typeof(CreatedAnswer))]
[JsonSerializable(typeof(DeletedAnswer))]
[JsonSerializable(typeof(SuccessAnswer))]
[JsonSerializable(typeof(FailureAnswer))]
[JsonSerializable(typeof(PoolQuery))]
[JsonSerializable(typeof(EndpointLogs))]
[JsonSerializable(typeof(UpdateWorkersRequest))]
[JsonSerializable(typeof(UpdateWorkersAnswer))]
[JsonSerializable(typeof(FleetOverview))]
[JsonSerializable(typeof(EndpointOverview))]
[JsonSerializable(typeof(JobSubmission))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(JobList))]
[JsonSerializable(typeof(WorkerPlace))]
[JsonSerializable(typeof(ApiKeyRequest))]
[JsonSerializable(typeof(ApiKeyView))]
[JsonSerializable(typeof(IReadOnlyList<ApiKeyView>))]
[JsonSerializable(typeof(AccountVariableRequest))]
[JsonSerializable(typeof(AccountVariableView))]
[JsonSerializable(typeof(IReadOnlyList<AccountVariableView>))]
public sealed partial class ServerlessJson : JsonSerializerContext;
