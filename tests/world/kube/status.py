"""Failures as an API server tells them: a Status, with a reason for programs and a message for people."""

REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable", 409: "Conflict",
           410: "Expired", 415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}


class Failure(Exception):
    def __init__(self, code, message, reason=None, details=None, headers=None):
        super().__init__(message)
        self.code, self.message, self.headers = code, message, headers or {}
        self.reason = reason or REASONS.get(code, "")
        self.details = details

    def body(self):
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message, "reason": self.reason, "code": self.code}
        if self.details:
            status["details"] = self.details
        return status


def success(details=None):
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details:
        status["details"] = details
    return status


def not_found(resource, name):
    qualified = resource.plural + (f".{resource.group}" if resource.group else "")
    return Failure(404, f'{qualified} "{name}" not found', details={"name": name, "kind": resource.plural, "group": resource.group})


def conflict(resource, name, words="the object has been modified; please apply your changes to the latest version and try again"):
    qualified = resource.plural + (f".{resource.group}" if resource.group else "")
    return Failure(409, f'Operation cannot be fulfilled on {qualified} "{name}": {words}', details={"name": name, "kind": resource.plural})


def exists(resource, name):
    qualified = resource.plural + (f".{resource.group}" if resource.group else "")
    return Failure(409, f'{qualified} "{name}" already exists', "AlreadyExists", {"name": name, "kind": resource.plural})


def invalid(resource, name, field, words):
    return Failure(422, f'{resource.kind} "{name}" is invalid: {field}: {words}', details={
        "name": name, "group": resource.group, "kind": resource.kind, "causes": [{"reason": "FieldValueInvalid", "message": words, "field": field}]})
